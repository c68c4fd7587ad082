// process against a plain interpreter: whatever the batches, the instances and the restarts.
import { beforeAll, describe, expect, it } from 'vitest'
import { random, type Random } from '../../src/base/random.ts'
import type { Json } from '../../src/base/json.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { type Fields, parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { state } from '../../src/frame/state.ts'
import { processOperator, type ProcessParams } from '../../src/operators/process.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { everything } from '../fixtures/processes.mjs'
import { EventRun, handClock } from '../support/event-run.ts'
import { naiveProcess, type NaiveState } from '../support/naive-process.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice({ relaxed: false })
})

const boundMs = 60
const spec = everything()
const shapes = Object.fromEntries(Object.entries(spec.state).map(([name, { shape }]) => [name, shape]))
const naive = Object.fromEntries(Object.entries(spec.state).map(([name, { shape, functions }]) => [name, { ...shape, ...functions } as unknown as NaiveState]))
const params: ProcessParams & Json = { function: { module: 'x', name: 'everything' }, keys: ['key'], states: shapes, emits: spec.emits, sides: spec.sides, isTimed: true } as unknown as ProcessParams & Json
const fields: Fields = parseSchema({ key: 'utf8?', time: 'timestamp[ms]', value: 'int32', op: 'int32' }, 'test')

function rowsOf(chance: Random, count: number): PlainRow[] {
  return Array.from({ length: count }, (_, i) => ({ key: chance.int(9) === 0 ? null : `key ${chance.int(6)}`, time: 10_000 + 11 * i + chance.int(90), value: chance.int(60), op: chance.int(13) }))
}

const textOf = (key: unknown) => (key === null ? 'null' : String(key))

/** Pushes rows in batches, with restarts to other numbers of instances; what each key emitted in order, main and side apart. */
function run(rows: readonly PlainRow[], batchRows: number, parallelism: number, restarts: readonly number[], chance: Random): { main: Map<string, string[]>; side: Map<string, string[]> } {
  const steps = [{ type: watermarkOperator, params: { time: 'time', boundMs } }, { type: processOperator, params }]
  const job = new EventRun(device, fields, steps as never, parallelism, handClock(), { userFunction: () => everything })
  for (let at = 0; at < rows.length; at += batchRows) {
    job.push(rows.slice(at, at + batchRows))
    if (restarts.some(row => row >= at && row < at + batchRows)) job.restart(1 + chance.int(4))
  }
  job.finish()
  job.close()
  const byKey = (emitted: readonly PlainRow[], tell: (row: PlainRow) => string) => {
    const found = new Map<string, string[]>()
    for (const row of emitted) (found.get(textOf(row.key)) ?? found.set(textOf(row.key), []).get(textOf(row.key))!).push(tell(row))
    return found
  }
  return { main: byKey(job.rows, row => String(row.text)), side: byKey(job.side.odd ?? [], ({ key, at, n }) => JSON.stringify({ key, at, n })) }
}


describe('process', () => {
  it.each([1, 7, 1024])('gives what a plain interpreter gives, in batches of %i, with any number of instances, and restarts', batchRows => {
    for (let seed = 1; seed <= 6; seed++) {
      const chance = random(seed)
      const rows = rowsOf(chance, 400)
      const watermarks = naiveWatermarks(rows.map(row => ({ key: '', time: row.time as number, value: null })), boundMs)
      const last = Math.max(...rows.map(row => row.time as number)) - boundMs - 1
      const expected = naiveProcess(rows, watermarks, last, row => textOf(row.key), row => row.key, naive, spec as never)
      const before = device.pages.used()
      for (const parallelism of [1, 2, 3]) {
        const restarts = [chance.int(400), chance.int(400)].slice(0, parallelism - 1)
        const { main, side } = run(rows, batchRows, parallelism, restarts, chance)
        for (const [key, texts] of expected) {
          const where = `seed ${seed}, ${parallelism} instances, restarts at ${restarts.join()}, key ${key}`
          expect(main.get(key), where).toEqual(texts.filter(text => text.startsWith('{')).map(text => JSON.parse(text).text))
          expect(side.get(key) ?? [], where).toEqual(texts.filter(text => text.startsWith('odd ')).map(text => text.slice(4)))
        }
        expect(main.size).toBe(expected.size)
      }
      expect(device.pages.used(), 'pages in use').toBe(before)
    }
  })

  it('gives the same by batches as by rows where functions fold, and timers fire between rows of a batch', () => {
    // Timers are there before what they cut.
    const timesOf = Array.from({ length: 11 }, (_, i) => 10_500 + 500 * i)
    const folded = {
      state: { sum: state.value('int64'), times: state.value('int32') },
      emits: { key: 'utf8?', text: 'utf8' } as const,
      onTimer(time: number, { key, state, emit, timers }: any) {
        emit({ key, text: `${time} ${timers.watermark} ${state.sum.get()} ${state.times.get()}` })
      },
    }
    const byRows = {
      ...folded,
      onRow({ value, op }: any, { state, timers }: any) {
        if (state.sum.get() === undefined) for (const at of timesOf) timers.eventTime(at)
        state.sum.set((state.sum.get() ?? 0n) + BigInt(value))
        state.times.set(op)
      },
    }
    const byBatches = {
      ...folded,
      onBatch(rows: any, { state, timers }: any) {
        const [values, ops] = [rows.column('value').toFloat64Array(), rows.column('op').toArray()]
        for (const { start, end } of rows.groups()) {
          if (state.sum.get() === undefined) for (const at of timesOf) timers.eventTime(at)
          state.sum.set(values.subarray(start, end).reduce((sum: bigint, value: number) => sum + BigInt(value), state.sum.get() ?? 0n))
          state.times.set(ops[end - 1])
        }
      },
    }
    const own = { ...(params as ProcessParams), states: Object.fromEntries(Object.entries(folded.state).map(([name, { shape }]) => [name, shape])), emits: folded.emits, sides: {} } as unknown as ProcessParams & Json
    const rows = rowsOf(random(9), 500)
    const firsts = [...new Set(rows.map(row => row.key))].map(key => ({ key, time: 10_000, value: 0, op: 0 }))
    const results = [byRows, byBatches, byBatches, byBatches, byRows].map((functions, i) => {
      const batchRows = [1, 1, 7, 1024, 1024][i]!
      const steps = [{ type: watermarkOperator, params: { time: 'time', boundMs } }, { type: processOperator, params: own }]
      const job = new EventRun(device, fields, steps as never, 1 + (i % 3), handClock(), { userFunction: () => () => functions as never })
      job.push(firsts)
      for (let at = 0; at < rows.length; at += batchRows) job.push(rows.slice(at, at + batchRows))
      job.finish()
      job.close()
      return job.rows.map(row => `${row.key} ${row.text}`).sort()
    })
    expect(results[0]!.length).toBeGreaterThan(50)
    for (const result of results.slice(1)) expect(result).toEqual(results[0])
  })
})
