import { describe, expect, it } from 'vitest'
import { type Batch, releaseBatch, retainBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { type Fields, parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { joinBuildOperator } from '../../src/operators/join-build.ts'
import type { JoinParams } from '../../src/operators/join-fields.ts'
import { joinProbeOperator } from '../../src/operators/join-probe.ts'
import type { Operator, OperatorContext } from '../../src/operators/operator.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { naiveJoin, rowTexts } from '../support/naive-join.ts'

const left = parseSchema({ k: 'int32?', n: 'int32' }, 'left')
const right = parseSchema({ k: 'int32?', t: 'utf8' }, 'right')
const params: JoinParams = { left: ['k'], right: ['k'], how: 'full' }

function contextOf(device: Device, stateBytesMax: number): OperatorContext & { spill: SpillFiles } {
  return { device, arena: undefined as never, clock: undefined as never, instance: 0, parallelism: 1, where: 'join', bounded: true, takeOrder: () => 0n, count: () => {}, stateBytesMax, spill: new SpillFiles() }
}

/** Runs `use` as a task does, with an arena of its own; gives what was emitted, retained. */
function call(context: OperatorContext, use: (emit: { emit(batch: Batch): void }) => void): Batch[] {
  const { device } = context
  const arena = device.arena()
  const batches: Batch[] = []
  context.arena = arena
  use({ emit: batch => void batches.push(retainBatch(device, batch)) })
  arena.release()
  return batches
}

describe('the two operators of a join', () => {
  it.each([['in memory', Number.POSITIVE_INFINITY], ['on disk', 50_000]])('go on from snapshots, before the table is made and while it is probed: %s', async (_, stateBytesMax) => {
    const device = await createDevice({ relaxed: false })
    const lefts = Array.from({ length: 400 }, (_, n) => ({ k: n % 7 === 0 ? null : n % 130, n }))
    const rights = Array.from({ length: 3000 }, (_, m) => ({ k: m % 11 === 0 ? null : m % 150, t: `a right text of some length ${m}` }))
    const contexts: { spill: SpillFiles }[] = []
    const open = (create: (context: OperatorContext) => Operator) => {
      const context = contextOf(device, stateBytesMax)
      contexts.push(context)
      return { context, operator: create(context) }
    }
    const build = () => open(context => joinBuildOperator.create(context, { keys: ['k'], forms: [{ form: 'int32' }], marks: true }, [right]))
    const push = ({ context, operator }: ReturnType<typeof build>, fields: Fields, rows: readonly PlainRow[]) => {
      const arena = device.arena()
      const batch = buildBatch(device, arena, fields, rows as Record<string, unknown>[], 'test')
      const emitted = call(context, out => operator.push(batch, out, 0))
      arena.release()
      return emitted
    }
    const first = build()
    push(first, right, rights.slice(0, 1000))
    const runs = first.operator.snapshot!()
    first.operator.close!()
    const second = build()
    second.operator.restore!(runs)
    push(second, right, rights.slice(1000))
    const [table] = call(second.context, out => second.operator.finish!(out, 0))
    const probe = () => open(context => joinProbeOperator.create(context, params, [left, joinBuildOperator.fields([right], { keys: ['k'], forms: [], marks: true }, 'join')]))
    const begin = probe()
    call(begin.context, out => begin.operator.push(table!, out, 1))
    const emitted = push(begin, left, lefts.slice(0, 150))
    const met = begin.operator.snapshot!()
    begin.operator.close!()
    // The table is made anew from the build's own snapshot.
    const third = build()
    third.operator.restore!(second.operator.snapshot!())
    const [again] = call(third.context, out => third.operator.finish!(out, 0))
    const end = probe()
    end.operator.restore!(met)
    call(end.context, out => end.operator.push(again!, out, 1))
    emitted.push(...push(end, left, lefts.slice(150)))
    emitted.push(...call(end.context, out => end.operator.finish!(out, 0)))
    for (let more = true; more; ) emitted.push(...call(end.context, out => (more = end.operator.drain!(out))))
    const rows = emitted.flatMap(batch => Array.from({ length: batch.rowCount }, (_, row) => rowReader(device.memory, batch)(row)))
    const wanted = naiveJoin({ left: lefts, right: rights, leftNames: ['k', 'n'], rightNames: ['k', 't'], keys: [['k', 'k']], how: 'full' })
    expect(rowTexts(rows).toSorted()).toEqual(rowTexts(wanted).toSorted())
    for (const batch of [...emitted, table!, again!]) releaseBatch(device, batch)
    for (const { operator } of [second, third, end]) operator.close!()
    for (const { spill } of contexts) spill.close()
    expect(device.pages.used()).toBe(0)
  })
})
