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
  const words = device.memory.uint32s(address, 4 * groups * sums.length)
  const touched: number[] = []
  for (let group = 0, at = 0; group < groups; group++, at += 4 * sums.length) if (words[at] !== 0 || words[at + 1] !== 0) touched.push(group)
  return touched
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
      const words = device.memory.uint32s(address, 4 * ((groups.at(-1) ?? -1) + 1) * plan.sums.length)
      const wordAt = (group: number) => 4 * (group * plan.sums.length + (name === '.count' ? count : sum))
      if (type.kind === 'float64' && name !== '.count') {
        const floats = device.memory.float64s(address, words.length / 2)
        const values = device.memory.float64s(out.values, groups.length)
        groups.forEach((group, row) => (values[row] = floats[wordAt(group) / 2 + (name === '.rest' ? 1 : 0)]!))
      } else if (type.kind === 'float64') {
        const values = device.memory.float64s(out.values, groups.length)
        groups.forEach((group, row) => (values[row] = words[wordAt(group)]! + words[wordAt(group) + 1]! * 2 ** 32))
      } else {
        const [low, high] = partOf(name, isDecimal)
        const values = device.memory.uint32s(out.values, 2 * groups.length)
        groups.forEach((group, row) => {
          values[2 * row] = halfOf(words, wordAt(group), low)
          values[2 * row + 1] = halfOf(words, wordAt(group), high)
        })
      }
      return out
    })
  })
}

/** A word of 32 bits of a 128-bit sum: by its place, or one that repeats the sum's sign, or zeros. */
type Half = 0 | 1 | 2 | 3 | 'sign' | 'zeros'

// Which words of a 128-bit sum an accumulator's column holds: decimals are in three numbers, int64 the sums of its halves, what is narrower in one.
function partOf(name: string, isDecimal: boolean): readonly [Half, Half] {
  if (name === '.sum' || name === '.count') return [0, 1]
  if (isDecimal) return name === '.low' ? [0, 1] : name === '.middle' ? [2, 3] : ['sign', 'sign']
  return name === '.low' ? [0, 'zeros'] : [1, 2]
}

function halfOf(words: Uint32Array, at: number, half: Half): number {
  if (half === 'zeros') return 0
  return half === 'sign' ? (words[at + 3]! | 0) >> 31 : words[at + half]!
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
