import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/schedule/flow.ts'
import { runScan } from '../../src/schedule/source-run.ts'
import type { StageRun } from '../../src/schedule/stage-run.ts'

function scan(splitCount: number, position?: number, together?: number) {
  const given: string[] = []
  let room = 2
  let wanted = true
  const stage = {
    wanted: () => wanted,
    hasRoom: () => room > 0,
    addSplit: (split: { n: number }) => {
      room--
      given.push(`split ${split.n}`)
    },
    addSharedSplits: ({ splits, taken }: { splits: readonly { n: number }[]; taken: number }) => {
      room--
      given.push(`splits ${splits.map(split => split.n).join(' ')} counted at ${taken}`)
    },
    enqueue: (item: Item) => void given.push(item.kind === 'barrier' ? `barrier ${item.barrier.epoch}` : item.kind),
  }
  const source = runScan('read', Array.from({ length: splitCount }, (_, n) => ({ n })), position, stage as unknown as StageRun, together, count => 1_000 * count)
  const makeRoom = (count: number) => {
    room = count
    source.moved()
  }
  return { source, given, makeRoom, unwant: () => void (wanted = false) }
}

describe('a scan', () => {
  it('hands out splits while there is room, then ends', () => {
    const { source, given, makeRoom } = scan(3)
    source.moved()
    expect(given).toEqual(['split 0', 'split 1'])
    expect([source.ended(), source.progress()]).toEqual([false, 2 / 3])
    makeRoom(2)
    expect(given).toEqual(['split 0', 'split 1', 'split 2', 'end'])
    expect([source.ended(), source.progress()]).toEqual([true, 1])
  })

  it('hands out several splits at once to all instances, where it is said to, with a count for each lot', () => {
    const { source, given, makeRoom } = scan(7, 2, 2)
    source.moved()
    expect([given, source.progress()]).toEqual([['splits 2 3 counted at 3000', 'splits 4 5 counted at 3004'], 6 / 7])
    let at: unknown
    source.requestBarrier({ epoch: 1, final: false, finished: false, snapshot: true }, position => (at = position))
    makeRoom(1)
    expect([at, given.slice(2)]).toEqual([6, ['barrier 1', 'splits 6 counted at 3008', 'end']])
    const single = scan(1, 0, 2)
    single.source.moved()
    expect(single.given).toEqual(['split 0', 'end'])
  })

  it('answers a barrier with the next split, and goes on from there', () => {
    const { source, given } = scan(3)
    source.moved()
    let at: unknown
    source.requestBarrier({ epoch: 1, final: false, finished: false, snapshot: true }, position => (at = position))
    expect([at, given.at(-1)]).toEqual([2, 'barrier 1'])
    const resumed = scan(3, 2)
    resumed.source.moved()
    expect(resumed.given).toEqual(['split 2', 'end'])
  })

  it('leaves the rest when nobody wants it, or it is stopped', () => {
    const idle = scan(9)
    idle.unwant()
    idle.source.moved()
    expect(idle.given).toEqual(['end'])
    const stopped = scan(9)
    stopped.source.stop(true)
    stopped.makeRoom(9)
    expect(stopped.given).toEqual(['end'])
    expect(scan(0).source.progress()).toBe(1)
  })

  it('tells no progress of one split alone, before or after it was handed out', () => {
    const { source } = scan(1)
    expect(source.progress()).toBeUndefined()
    source.moved()
    expect([source.ended(), source.progress()]).toEqual([true, undefined])
  })
})
