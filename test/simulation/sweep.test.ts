// Every call on the disk of a whole job, of its checkpoint and commit, and of the recovery behind them, fails in turn, in every way: then the job goes on
// and is right, or, where the disk has torn a change of names in two, says clearly that it can't.
import { describe, expect, it } from 'vitest'
import type { Call, Fault } from './session.ts'
import { type Life, type Story, tell } from './simulate.ts'

const seed = 4
const base = { workers: 2, batchRows: 7, latencyMs: 2, epochMs: 1 } satisfies Partial<Life>
const rowCount = 40
type Sink = 'folders' | 'rolledFolders' | 'rolled'
const shapeOf = (sink: Sink) => ({ streams: true, asks: false, remote: false, sink })

/** All calls of a life in which nothing happens, behind `lives`. */
async function callsOf(lives: readonly Partial<Life>[], sink: Sink): Promise<Call[]> {
  const calls: Call[] = []
  const story = await tell(seed, { rowCount, lives, shape: shapeOf(sink), peace: { ...base, faultOf: call => void calls.push(call) as undefined } })
  expect(story.failure).toBeUndefined()
  return calls
}

const at = (index: number, fault: Fault): Partial<Life> => ({ ...base, faultOf: call => (call.index === index ? fault : undefined) })

// Before a call that changes nothing the disk is as it was after the one before.
const changes = ({ kind }: Call) => kind !== 'read' && kind !== 'close'

/** Each way in which a call may fail, and what may happen then. The ways take turns in what files there are. */
const ways: readonly { readonly name: string; readonly sink: Sink; readonly fault: Fault; readonly powerCut: Life['powerCut']; readonly fits?: (call: Call) => boolean }[] = [
  { name: 'EIO', sink: 'folders', fault: 'EIO', powerCut: 'none' },
  { name: 'EIO, and then power is cut', sink: 'rolledFolders', fault: 'EIO', powerCut: 'whole', fits: changes },
  { name: 'ENOSPC', sink: 'rolled', fault: 'ENOSPC', powerCut: 'none', fits: ({ kind }) => kind === 'write' || kind === 'names' },
  { name: 'a short write', sink: 'rolledFolders', fault: 'short', powerCut: 'none', fits: ({ kind }) => kind === 'write' },
  { name: 'the end of the process', sink: 'folders', fault: 'before', powerCut: 'none', fits: changes },
  { name: 'a power cut that loses what was not synced', sink: 'rolledFolders', fault: 'after', powerCut: 'whole', fits: changes },
  { name: 'a power cut that tears renames', sink: 'rolled', fault: 'after', powerCut: 'torn', fits: changes },
]
const clear = /^(FILE_LOST|CHECKPOINT_CORRUPT|TOPIC_STAGED|TOPIC_CORRUPT|TOPIC_POSITION|CHECKPOINT_LOCKED)$/

// Of the stories in which each call from `first` on fails, those that end wrong.
async function sweep(before: readonly Partial<Life>[], { sink, fault, powerCut, fits = () => true }: (typeof ways)[number], first: (call: Call) => boolean): Promise<Story[]> {
  const calls = await callsOf(before, sink)
  const failing = calls.slice(calls.findIndex(first)).filter(fits)
  expect(failing.length).toBeGreaterThan(3)
  const wrong: Story[] = []
  for (const { index } of failing) {
    const story = await tell(seed, { rowCount, lives: [...before, { ...at(index, fault), powerCut }], shape: shapeOf(sink), peace: base })
    if (story.failure !== undefined && !(powerCut === 'torn' && clear.test(story.refusals.at(-1) ?? ''))) wrong.push(story)
  }
  return wrong
}

describe.each(ways)('$name', way => {
  it('at any call of a checkpoint and its commit leaves a job that goes on and is right', async () => {
    const isFirst = ({ what, path }: Call) => what === 'makeFolder' && path.endsWith('/epoch-1')
    expect((await sweep([], way, isFirst)).map(({ failure }) => failure)).toEqual([])
  })

  it('at any call of the recovery of a job that was killed in its commit, too', async () => {
    const calls = await callsOf([], way.sink)
    const commit = calls.find(({ what, path }) => what.startsWith('rename') && path.endsWith('manifest.json'))!
    expect((await sweep([at(commit.index, 'after')], way, () => true)).map(({ failure }) => failure)).toEqual([])
  })
})
