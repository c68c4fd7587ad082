// Aggregates, plainly: a loop over a group's values, in bigint for integers. And their entries in the catalogue of agreements.
import { expect } from 'vitest'
import { bool, type DataType, float64, int32, int64, timestampMs, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { createAccumulator } from '../../../src/compute/accumulator.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

/** The order of min, max and sort: NaN above every number, −0 below 0, strings by their UTF-8 bytes. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0))
  }
  return a! < b! ? -1 : Number(a! > b!)
}

/** An aggregate of one group's values; a sum beyond int64 is 'overflow'. */
export function aggregate(fn: string, type: DataType, values: readonly Value[]): Value {
  const some = values.filter(value => value !== null)
  if (fn === 'count') return some.length
  if (some.length === 0) return null
  if (fn === 'min' || fn === 'max') return some.reduce((best, value) => (compareValues(value, best) * (fn === 'min' ? -1 : 1) > 0 ? value : best))
  if (type.kind === 'float64') {
    const sum = (some as number[]).reduce((a, b) => a + b, 0)
    return fn === 'sum' ? sum : sum / some.length
  }
  const sum = some.reduce<bigint>((total, value) => total + BigInt(value as bigint | number), 0n)
  if (fn === 'mean') return Number(sum) / some.length
  return BigInt.asIntN(64, sum) === sum ? sum : 'overflow'
}

// Float sums may be rounded in another order: what lies within 1e-12 of the sum of magnitudes counts as equal.
function settle(actual: Value, expected: Value, magnitude: number): Value {
  if (typeof actual !== 'number' || typeof expected !== 'number') return actual
  return magnitude === Infinity || Math.abs(actual - expected) <= 1e-12 * magnitude ? expected : actual
}

const fns: readonly string[] = ['count', 'sum', 'mean', 'min', 'max']
const applies = (fn: string, type: DataType) => ['int32', 'int64', 'float64'].includes(type.kind) || !['sum', 'mean'].includes(fn)

function entry(type: DataType, kernels: readonly string[]) {
  return agreement({
    stem: 'aggregate',
    kernels,
    sample(random, length, shape) {
      const groups = [1, 3, 40, 300][random.int(4)]!
      const values = sampleValues(random, type, 3 * length, shape)
      return { groups, values, gids: values.map(() => random.int(groups)) }
    },
    reference({ groups, values, gids }) {
      const byGroup: Value[][] = Array.from({ length: groups }, () => [])
      gids.forEach((gid, row) => byGroup[gid]!.push(values[row]!))
      const magnitudes = byGroup.map(list => list.reduce<number>((sum, value) => sum + (Number.isFinite(value) ? Math.abs(value as number) : 0), 0))
      return { magnitudes, results: fns.filter(fn => applies(fn, type)).map(fn => byGroup.map(list => aggregate(fn, type, list))) }
    },
    // Two accumulators take a half each; the second leaves as columns and is merged into the first, its groups in reverse order.
    compute(device, arena, { groups, values, gids }) {
      const results = fns.filter(fn => applies(fn, type)).map(fn => {
        const [one, two] = [createAccumulator(device, { fn, inputType: type }), createAccumulator(device, { fn, inputType: type })]
        try {
          const half = values.length >> 1
          const feed = (into: typeof one, start: number, end: number, gidOf: (gid: number) => number) => {
            for (let at = start; at < end; at += 700) {
              const own = device.arena()
              const part = values.slice(at, Math.min(end, at + 700))
              const address = own.allocate(4 * part.length)
              device.memory.uint32s(address, part.length).set(gids.slice(at, at + part.length).map(gidOf))
              into.update(address, [columnOf(device, own, type, part)], part.length, groups, { first: 0n, rows: 0 })
              device.memory.bytes(own.address + 4096, 40_000).fill(0x5a)
              own.release()
            }
          }
          feed(one, 0, half, gid => gid)
          feed(two, half, values.length, gid => groups - 1 - gid)
          const mapping = arena.allocate(4 * groups)
          device.memory.uint32s(mapping, groups).set(Array.from({ length: groups }, (_, gid) => groups - 1 - gid))
          one.merge(mapping, two.partialColumns(arena, groups), groups, groups)
          return valuesOf(device, one.resultColumns(arena, groups)[0]!)
        } catch (error) {
          return (error as { code?: string }).code === 'SUM_OVERFLOW' ? ['overflow'] : [String(error)]
        } finally {
          one.close()
          two.close()
        }
      })
      return { magnitudes: [], results }
    },
    compare(actual, expected) {
      expected.results.forEach((result, i) => {
        const got = actual.results[i]!
        const rounded = type.kind === 'float64' && ['sum', 'mean'].includes(fns[i]!)
        if (result.includes('overflow')) expect(got).toEqual(['overflow'])
        else expect(rounded ? got.map((value, group) => settle(value, result[group]!, expected.magnitudes[group]!)) : got).toEqual(result)
      })
    },
  })
}

export const aggregateAgreements = [
  entry(int32, ['sumI32', 'minI32', 'maxI32', 'countGroups', 'addWordsI64', 'takeWords', 'meansI64', 'maskWords', 'fillEntries']),
  entry(float64, ['sumF64', 'minF64', 'maxF64', 'addWordsF64', 'meansF64', 'takeOrderedF64']),
  entry(int64, ['sumI64', 'minI64', 'maxI64', 'sumsWide', 'meansWide']),
  entry(bool, ['minI32']),
  entry(timestampMs, ['maxI64']),
  entry(utf8, ['minViews', 'maxViews', 'countChangedBytes', 'ownViews', 'takeViews', 'moveViews']),
]
