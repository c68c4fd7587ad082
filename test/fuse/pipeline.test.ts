// Fused pipelines over columns that were laid by hand: decimals in few bytes, codes, bounds; and what is refused.
import { describe, expect, it } from 'vitest'
import type { Batch, Column } from '../../src/batch/batch.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import type { DataType } from '../../src/batch/data-type.ts'
import { valueReader } from '../../src/batch/read-values.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { createAccumulators } from '../../src/compute/accumulators.ts'
import { createDevice } from '../../src/device/device.ts'
import { bindCondition, bindExpression } from '../../src/expr/bind.ts'
import { parseExpression } from '../../src/expr/parse.ts'
import { shareExpressions } from '../../src/expr/share.ts'
import { FusedPipeline } from '../../src/fuse/pipeline.ts'
import { type FusedFunction, planSums } from '../../src/fuse/program.ts'

const device = await createDevice()
const arena = device.arena()
const rowCount = 5003

const type = (name: string) => parseType(name, 'test').type
const field = (name: string, of: string) => ({ name, ...parseType(of, 'test') })

// A decimal column whose values lie in narrow words only.
function narrow(of: string, bits: 8 | 16 | 32 | 64, value: (row: number) => bigint): Column {
  const values = arena.allocate((rowCount * bits) / 8)
  const view = { 8: device.memory.int8s(values, rowCount), 16: device.memory.int16s(values, rowCount), 32: device.memory.int32s(values, rowCount), 64: device.memory.int64s(values, rowCount) }[bits]
  for (let row = 0; row < rowCount; row++) view[row] = bits === 64 ? value(row) : (Number(value(row)) as never)
  return { type: type(of), length: rowCount, values: 0, validity: 0, narrow: { values, bits } }
}

// A text column with codes of a dictionary that is kept.
function coded(texts: readonly string[], code: (row: number) => number): Column {
  const dictionary = buildColumn(device, arena, field('d', 'utf8'), texts, 'test')
  const values = arena.allocate(4 * rowCount)
  const codes = device.memory.uint32s(values, rowCount)
  for (let row = 0; row < rowCount; row++) codes[row] = code(row)
  return { type: type('utf8'), length: rowCount, values: 0, validity: 0, codes: { values, dictionary, kept: true } }
}

const columns = {
  price: ['decimal(12, 2)', narrow('decimal(12, 2)', 32, row => BigInt((row * 7919) % 1_000_003) - 500n)],
  discount: ['decimal(12, 2)', narrow('decimal(12, 2)', 8, row => BigInt(row % 11))],
  tax: ['decimal(12, 2)', narrow('decimal(12, 2)', 16, row => BigInt(row % 9))],
  large: ['decimal(18, 0)', narrow('decimal(18, 0)', 64, row => BigInt(row) * 10n ** 13n)],
  flag: ['utf8', coded(['N', 'A', 'R'], row => row % 3)],
  status: ['utf8', coded(['O', 'F'], row => (row >> 2) % 2)],
} as const satisfies Record<string, readonly [string, Column]>
const fields = Object.entries(columns).map(([name, [of]]) => field(name, of))
const batch: Batch = { fields, rowCount, columns: Object.values(columns).map(([, column]) => column), arena: arena.address }

function pipeline(conditions: readonly string[], keys: readonly string[], aggregates: Readonly<Record<string, readonly [FusedFunction, string?]>>) {
  const bounds = [...conditions.map(text => bindCondition(parseExpression(text, 'test'), fields, 'test')), ...Object.values(aggregates).flatMap(([, text]) => (text === undefined ? [] : [bindExpression(parseExpression(text, 'test'), fields, 'test')]))]
  const shared = shareExpressions(bounds).bounds
  let next = conditions.length
  const program = {
    conditions: shared.slice(0, conditions.length),
    keys: keys.map(key => fields.findIndex(f => f.name === key)),
    aggregates: Object.values(aggregates).map(([fn, text]) => ({ fn, ...(text !== undefined && { input: shared[next++]! }) })),
    types: fields.map(f => f.type),
  }
  const specs = program.aggregates.map(({ fn, input }) => ({ fn, ...(input && { inputType: input.type as DataType }) }))
  const keyFields = program.keys.map(key => fields[key]!)
  return { fused: new FusedPipeline(device, program, planSums(program)!, JSON.stringify([conditions, keys, aggregates]), specs, keyFields), specs, keyFields }
}

// All results by key, as text.
function run(...args: Parameters<typeof pipeline>): { taken: number; results: Record<string, string[]> } {
  const { fused, specs, keyFields } = pipeline(...args)
  const taken = fused.take(batch, () => {})
  const { columns: made, rowCount: groups } = fused.flush(arena)
  fused.close()
  const accumulators = createAccumulators(device, specs)
  const gids = arena.allocate(4 * groups)
  device.memory.uint32s(gids, groups).forEach((_, i, view) => (view[i] = i))
  accumulators.merge(gids, made.slice(keyFields.length), groups, groups)
  const out = accumulators.resultColumns(arena, groups).map(column => valueReader(device.memory, column))
  const keys = keyFields.map((_, i) => valueReader(device.memory, made[i]!))
  const results = Object.fromEntries(Array.from({ length: groups }, (_, row) => [keys.map(key => key(row)).join(), out.map(read => told(read(row)))]))
  accumulators.close()
  return { taken, results }
}

const told = (value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(12) : String(value))
const decimal = (unscaled: bigint, scale: number) => {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
const all = Array.from({ length: rowCount }, (_, row) => row)
const price = (row: number) => BigInt((row * 7919) % 1_000_003) - 500n
const discount = (row: number) => BigInt(row % 11)
const tax = (row: number) => BigInt(row % 9)
const total = (rows: readonly number[], value: (row: number) => bigint) => rows.reduce((sum, row) => sum + value(row), 0n)

describe('a fused pipeline', () => {
  it('multiplies and sums decimals exactly in as few bits as their bounds need', () => {
    const { taken, results } = run(['discount between 0.05 and 0.07', 'price < 5000'], [], { revenue: ['sum', 'price * discount'], n: ['count'] })
    const rows = all.filter(row => discount(row) >= 5n && discount(row) <= 7n && price(row) < 500_000n)
    expect(taken).toBe(rowCount)
    expect(results).toEqual({ '': [decimal(total(rows, row => price(row) * discount(row)), 4), String(rows.length)] })
  })

  it('adds rows to the entries of their keys: codes of texts', () => {
    const charge = 'price * (1 - discount) * (1 + tax)'
    const { taken, results } = run(['tax <= 0.07'], ['flag', 'status'], { q: ['sum', 'price'], charge: ['sum', charge], mean: ['mean', 'discount'], n: ['count'] })
    const expected: Record<string, string[]> = {}
    for (const [f, flag] of ['N', 'A', 'R'].entries()) {
      for (const [s, status] of ['O', 'F'].entries()) {
        const rows = all.filter(row => row % 3 === f && (row >> 2) % 2 === s && tax(row) <= 7n)
        const mean = (Number(total(rows, discount)) / rows.length / 100).toPrecision(12)
        expected[`${flag},${status}`] = [decimal(total(rows, price), 2), decimal(total(rows, row => price(row) * (100n - discount(row)) * (100n + tax(row))), 6), mean, String(rows.length)]
      }
    }
    expect(taken).toBe(rowCount)
    expect(results).toEqual(expected)
  })

  it('keeps sums of up to 128 bits', () => {
    expect(run([], [], { s: ['sum', 'large'] }).results).toEqual({ '': [String(total(all, row => BigInt(row) * 10n ** 13n))] })
  })

  it('finds texts among the codes once, and compares codes', () => {
    const { results } = run([`flag = 'A' or status in ('F', 'nowhere')`, `flag <> 'unknown'`], [], { n: ['count'] })
    expect(results).toEqual({ '': [String(all.filter(row => row % 3 === 1 || (row >> 2) % 2 === 1).length)] })
  })

  it('takes no rows where a product could overflow, or where keys have no numbers', () => {
    expect(run([], [], { s: ['sum', 'large * large'] }).taken).toBe(0)
    expect(run([], ['large'], { s: ['sum', 'price'] }).taken).toBe(0)
  })
})
