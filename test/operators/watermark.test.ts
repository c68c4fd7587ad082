import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Batch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { valueReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import type { Operator, OperatorContext } from '../../src/operators/operator.ts'
import { type WatermarkParams, watermarkColumn, watermarkOperator } from '../../src/operators/watermark.ts'
import { naiveWatermarks } from '../support/naive-windows.ts'
import { handClock } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const fields = parseSchema({ time: 'timestamp[ms]?', split: 'int32' }, 'test')
const unknown = Number(-(2n ** 63n))

function open(params: WatermarkParams, clock = handClock(), runs?: ReturnType<NonNullable<Operator['snapshot']>>) {
  const context = { device, clock, instance: 0, parallelism: 1, where: 'test', bounded: false, count: () => {} } as unknown as OperatorContext
  const operator = watermarkOperator.create(context, params, [fields])
  if (runs) operator.restore!(runs)
  const push = (rows: { time: number | null; split?: number }[]): number[] => {
    const arena = device.arena()
    context.arena = arena
    const seen: number[] = []
    const emit = (batch: Batch) => {
      const at = batch.fields.findIndex(f => f.name === watermarkColumn)
      const read = valueReader(device.memory, batch.columns[at]!)
      for (let row = 0; row < batch.rowCount; row++) seen.push(Number(read(row)))
    }
    operator.push(
      buildBatch(
        device,
        arena,
        fields,
        rows.map(r => ({ split: 0, ...r })),
        'test',
      ),
      { emit },
      0,
    )
    arena.release()
    return seen
  }
  return { operator, push, watermark: () => operator.watermark!() }
}

describe('a watermark', () => {
  test('is the greatest time before the row, less the bound and 1 ms, and never goes back', () => {
    const { operator, push, watermark } = open({ time: 'time', boundMs: 10 })
    expect(watermark()).toBe(Number.NEGATIVE_INFINITY)
    expect(push([{ time: 100 }, { time: 50 }, { time: null }, { time: 200 }])).toEqual([unknown, 89, 89, 89])
    expect(watermark()).toBe(189)
    operator.close!()
  })

  test('is the least over splits; declared ones are waited for, others count once they are seen', () => {
    const seen = open({ time: 'time', boundMs: 0, splitColumn: 'split' })
    expect(
      seen.push([
        { time: 100, split: 7 },
        { time: 10, split: 3 },
        { time: 20, split: 3 },
        { time: 300, split: 3 },
      ]),
    ).toEqual([unknown, 99, 99, 99])
    expect(seen.watermark()).toBe(99)
    const declared = open({ time: 'time', boundMs: 0, splitColumn: 'split', splitCount: 2 })
    expect(
      declared.push([
        { time: 100, split: 0 },
        { time: 10, split: 1 },
        { time: 50, split: 1 },
      ]),
    ).toEqual([unknown, unknown, 9])
    expect(declared.watermark()).toBe(49)
    seen.operator.close!()
    declared.operator.close!()
  })

  test('leaves out splits that have been idle, until they have rows again', () => {
    const clock = handClock()
    const { operator, push, watermark } = open({ time: 'time', boundMs: 0, splitColumn: 'split', splitCount: 2, idleMs: 1_000 }, clock)
    push([{ time: 100, split: 0 }])
    operator.tick!(0, { emit: () => {} })
    clock.set(900)
    push([{ time: 200, split: 0 }])
    operator.tick!(900, { emit: () => {} })
    expect(watermark()).toBe(Number.NEGATIVE_INFINITY)
    clock.set(1_000)
    operator.tick!(1_000, { emit: () => {} })
    expect(watermark()).toBe(199)
    push([
      { time: 150, split: 1 },
      { time: 500, split: 0 },
    ])
    expect(watermark()).toBe(199)
    push([{ time: 300, split: 1 }])
    expect(watermark()).toBe(299)
    operator.close!()
  })

  test('agrees with the naive one over many splits, batches and restarts', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const r = random(seed)
      const splitCount = r.int(4)
      const rows = Array.from({ length: 300 }, (_, i) => ({
        key: '',
        value: null,
        time: r.int(9) ? i * 3 - r.int(90) - 200 : null,
        split: r.int(1 + r.int(40)),
      }))
      const expected = naiveWatermarks(rows, 7, splitCount).map(w => (w === Number.NEGATIVE_INFINITY ? unknown : w))
      const params = { time: 'time', boundMs: 7, splitColumn: 'split', splitCount }
      let run = open(params)
      const got: number[] = []
      for (let start = 0; start < rows.length; ) {
        const end = Math.min(rows.length, start + 1 + r.int(50))
        got.push(...run.push(rows.slice(start, end)))
        start = end
        if (r.int(3) > 0) continue
        const runs = run.operator.snapshot!()
        run.operator.close!()
        run = open(params, handClock(), runs)
      }
      run.operator.close!()
      expect(got, `seed ${seed}`).toEqual(expected)
    }
  })

  test('refuses columns that are no times and no splits, and bounds below zero', () => {
    expect(() => watermarkOperator.fields([fields], { time: 'split', boundMs: 0 }, 'watermark')).toThrow(/must be a timestamp/)
    expect(() => watermarkOperator.fields([fields], { time: 'time', boundMs: 0, splitColumn: 'time' }, 'watermark')).toThrow(/must be int32/)
    expect(() => watermarkOperator.fields([fields], { time: 'time', boundMs: -1 }, 'watermark')).toThrow(/the bound is -1 ms/)
  })
})
