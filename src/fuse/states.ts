// The states of fused sums as the columns that accumulators merge (compute/accumulator.ts › partialFieldsOf).
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import { type AggregateSpec, partialFieldsOf } from '../compute/accumulator.ts'
import { columnOfKeys } from '../compute/widen.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { freshExtremes, type Sum, sumBytes, type SumPlan } from './program.ts'

/** Makes the states of `groups` groups at `address` fresh. */
export function clearStates(device: Device, sums: readonly Sum[], address: number, groups: number): void {
  device.memory.zero(address, groups * sums.length * sumBytes)
  const extremes = sums.flatMap(({ kind }, i) => (kind === 'least' || kind === 'greatest' ? [{ i, fresh: freshExtremes[kind] }] : []))
  if (extremes.length === 0) return
  const words = device.memory.int64s(address, 2 * groups * sums.length)
  for (let group = 0; group < groups; group++) for (const { i, fresh } of extremes) words[2 * (group * sums.length + i)] = fresh
}

/** The groups that rows have come to, by number. */
export function touchedGroups(device: Device, sums: readonly Sum[], address: number, groups: number): number[] {
  const words = device.memory.int64s(address, 2 * groups * sums.length)
  return Array.from({ length: groups }, (_, group) => group).filter(group => words[2 * group * sums.length]! > 0n)
}

/** The state columns of all aggregates, a row for each of `groups`, in `arena`. */
export function stateColumns(device: Device, arena: Arena, plan: SumPlan, specs: readonly AggregateSpec[], address: number, groups: readonly number[]): Column[] {
  return specs.flatMap((spec, i) => {
    const { sum, count } = plan.aggregates[i]!
    const place = (group: number, at: number) => address + (group * plan.sums.length + at) * sumBytes
    if (spec.fn === 'min' || spec.fn === 'max') return [extremes(device, arena, spec, groups.map(group => ({ value: place(group, sum), count: place(group, count) })))]
    const fields = partialFieldsOf(spec, '')
    const isDecimal = fields.length === 4
    return fields.map(({ name, type }) => {
      const out = allocateColumn(arena, type, groups.length)
      if (type.kind === 'float64') {
        const [from, word] = name === '.count' ? [count, 0] : [sum, name === '.rest' ? 1 : 0]
        const values = device.memory.float64s(out.values, groups.length)
        groups.forEach((group, row) => {
          values[row] = name === '.count' ? Number(device.memory.int64s(place(group, from), 1)[0]) : device.memory.float64s(place(group, from), 2)[word]!
        })
      } else {
        const values = device.memory.int64s(out.values, groups.length)
        groups.forEach((group, row) => {
          const [low, high] = device.memory.int64s(place(group, name === '.count' ? count : sum), 2)
          values[row] = wordOf(name, isDecimal, low!, high!)
        })
      }
      return out
    })
  })
}

// A part of a 128-bit sum as accumulators hold it: decimals in three words, int64 as the sums of its halves, what is narrower in one word.
function wordOf(name: string, isDecimal: boolean, low: bigint, high: bigint): bigint {
  if (name === '.sum' || name === '.count') return low
  if (isDecimal) return name === '.low' ? low : name === '.middle' ? high : high >> 63n
  return name === '.low' ? low & 0xffff_ffffn : BigInt.asIntN(64, ((high << 64n) | BigInt.asUintN(64, low)) >> 32n)
}

function extremes(device: Device, arena: Arena, { inputType }: AggregateSpec, places: readonly { readonly value: number; readonly count: number }[]): Column {
  const { memory } = device
  const words = arena.allocate(8 * places.length)
  const validity = arena.allocateZeroed(bitmapBytes(places.length))
  places.forEach(({ value, count }, row) => {
    const isThere = memory.int64s(count, 1)[0]! > 0n
    memory.int64s(words, places.length)[row] = isThere ? memory.int64s(value, 1)[0]! : 0n
    if (isThere) memory.bytes(validity + (row >> 3), 1)[0]! |= 1 << (row & 7)
  })
  return { ...columnOfKeys(device, arena, inputType!, words, places.length), validity }
}
