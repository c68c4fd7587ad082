// Window functions by position, plainly: loops over lists. And their entry in the catalogue of agreements.
import { computeWindows, type WindowFrame, type WindowFunction } from '../../../src/compute/over.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { float64, int64, rowCount64, utf8 } from '../../../src/batch/data-type.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { compareCells } from './sort.ts'

/** A row's partition, in order, and its place there. */
export interface WindowAround<R> {
  readonly rows: readonly R[]
  readonly at: number
  /** The range of rows of equal order. */
  readonly peers: readonly [number, number]
}

/** Each row with its partition in order, in the order of `rows`. */
export function partitioned<R>(rows: readonly R[], by: (row: R) => string, order: (a: R, b: R) => number): WindowAround<R>[] {
  const partitions = new Map<string, { row: R; from: number }[]>()
  rows.forEach((row, from) => {
    const key = by(row)
    partitions.set(key, [...(partitions.get(key) ?? []), { row, from }])
  })
  const out: WindowAround<R>[] = []
  for (const list of partitions.values()) {
    list.sort((a, b) => order(a.row, b.row))
    const sorted = list.map(({ row }) => row)
    list.forEach(({ row, from }, at) => {
      let [start, end] = [at, at + 1]
      while (start > 0 && order(sorted[start - 1]!, row) === 0) start--
      while (end < sorted.length && order(sorted[end]!, row) === 0) end++
      out[from] = { rows: sorted, at, peers: [start, end] }
    })
  }
  return out
}

/** The range of the frame's rows. `key`: the number of a row that distances go by, null where it has none; rising. */
export function frameRange<R>({ rows, at, peers }: WindowAround<R>, frame: WindowFrame | undefined, hasOrder: boolean, key: (row: R) => number | bigint | null): [number, number] {
  if (frame === undefined) return hasOrder ? [0, peers[1]] : [0, rows.length]
  if ('rows' in frame) {
    const [from, to] = frame.rows
    const start = Math.min(rows.length, Math.max(0, from === null ? 0 : at + from))
    return [start, Math.max(start, Math.min(rows.length, to === null ? rows.length : at + to + 1))]
  }
  const [from, to] = frame.range
  const own = key(rows[at]!)
  const inside = (row: R) => {
    const other = key(row)
    return other !== null && own !== null && (from === null || Number(other) - Number(own) >= from) && (to === null || Number(other) - Number(own) <= to)
  }
  const near = rows.flatMap((row, i) => (inside(row) ? [i] : []))
  const start = from === null ? 0 : own === null ? peers[0] : (near[0] ?? 0)
  const end = to === null ? rows.length : own === null ? peers[1] : near.length > 0 ? near.at(-1)! + 1 : start
  return [start, Math.max(start, end)]
}

interface Input {
  readonly groups: readonly Value[]
  readonly keys: readonly Value[]
  readonly numbers: readonly Value[]
  readonly reals: readonly Value[]
  readonly texts: readonly Value[]
  readonly descending: boolean
  readonly nullsFirst: boolean
}

const decimal38 = { kind: 'decimal', precision: 38, scale: 0 } as const
// Sums of two hundred of these have up to 37 digits.
const billions = 10n ** 20n

const frames: readonly (WindowFrame | undefined)[] = [undefined, { rows: [-2, 1] }, { rows: [1, 3] }, { rows: [null, -1] }, { range: [-2, 0] }, { range: [null, 1] }, { range: [0, null] }, { range: [1, 2] }]
const framed = ['count', 'sum', 'mean', 'min', 'max', 'first', 'last', 'nthValue', 'median', 'quantile'] as const
const ranks = ['rowNumber', 'rank', 'denseRank', 'percentRank', 'cumeDist', 'ntile'] as const

type Cells = { group: Value; key: Value; number: Value; real: Value; text: Value }

function plainly(input: Input): unknown {
  const rows = input.groups.map((group, i): Cells => ({ group, key: input.keys[i]!, number: input.numbers[i]!, real: input.reals[i]!, text: input.texts[i]! }))
  const around = partitioned(rows, row => String(row.group), (a, b) => compareCells(a.key, b.key, input))
  const keyOf = (row: Cells) => (row.key === null ? null : (row.key as bigint) * (input.descending ? -1n : 1n))
  const ranked = ranks.map(fn => around.map(window => rankOf(fn, window)))
  const shifted = [2, -1].map(offset => around.map(({ rows: list, at }) => (list[at - offset] ? list[at - offset]!.text : 'none')))
  const overFrames = frames.map(frame =>
    (['number', 'real', 'text'] as const).map(name =>
      framed.map(fn =>
        around.map(window => {
          const [start, end] = frameRange(window, frame, true, keyOf)
          return aggregate(fn, window.rows.slice(start, end).map(row => row[name]), name)
        }),
      ),
    ),
  )
  return { ranked, shifted, overFrames }
}

/** A rank by its name. */
export function rankOf<R>(fn: (typeof ranks)[number], { rows, at, peers }: WindowAround<R>, order?: (a: R, b: R) => number): number {
  switch (fn) {
    case 'rowNumber':
      return at + 1
    case 'rank':
      return peers[0] + 1
    case 'percentRank':
      return rows.length > 1 ? peers[0] / (rows.length - 1) : 0
    case 'cumeDist':
      return peers[1] / rows.length
    case 'ntile': {
      const sizes = Array.from({ length: 3 }, (_, i) => Math.floor(rows.length / 3) + (i < rows.length % 3 ? 1 : 0))
      return sizes.findIndex((_, i) => at < sizes.slice(0, i + 1).reduce((a, b) => a + b, 0)) + 1
    }
    case 'denseRank':
      return rows.slice(0, at + 1).filter((row, i) => i === 0 || differs(rows[i - 1]!, row, order)).length
  }
}

function differs<R>(a: R, b: R, order?: (a: R, b: R) => number): boolean {
  return order ? order(a, b) !== 0 : (a as Cells).key !== (b as Cells).key
}

// A third of the way: neither on a value nor in the middle.
const quantile = 1 / 3
const numeric: ReadonlySet<string> = new Set(['sum', 'mean', 'median', 'quantile'])

function quantileOf(values: readonly Value[], q: number): number {
  const sorted = values.map(Number).sort((a, b) => a - b)
  const place = q * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.min(sorted.length - 1, Math.floor(place) + 1)]!]
  const share = place - Math.floor(place)
  return low === high || share === 0 ? low : low + (high - low) * share
}

function aggregate(fn: (typeof framed)[number], values: readonly Value[], name: string): unknown {
  const there = values.filter(value => value !== null)
  if (fn === 'count') return there.length
  if (fn === 'nthValue') return values[1] ?? null
  if (name === 'text' && numeric.has(fn)) return null
  if (there.length === 0) return null
  const total = () => there.map(value => BigInt(value as bigint)).reduce((a, b) => a + b, 0n)
  switch (fn) {
    case 'sum':
      return name === 'number' ? total() : there.reduce<number>((a, b) => a + (b as number), 0)
    case 'mean':
      return (name === 'number' ? Number(total()) : there.reduce<number>((a, b) => a + (b as number), 0)) / there.length
    case 'median':
    case 'quantile':
      return quantileOf(there, fn === 'median' ? 0.5 : quantile)
    case 'first':
      return there[0]
    case 'last':
      return there.at(-1)
    case 'min':
    case 'max':
      return there.reduce((a, b) => (compareCells(b, a, { descending: fn === 'max', nullsFirst: false }) < 0 && !(fn === 'max' && Number.isNaN(a)) ? b : fn === 'max' && Number.isNaN(b) ? b : a))
  }
}

export const overAgreement = agreement({
  stem: 'over',
  kernels: ['rangesOf', 'framesByRows', 'framesByI64', 'framesByF64', 'rankRows', 'shiftRows', 'nthRows', 'validRows', 'countFrames', 'sumFramesI64', 'sumFramesF64', 'extremeRows', 'invertRows', 'turnF64', 'turnI64', 'sumFramesI128', 'quantileFrames'],
  sample(random, length, shape): Input {
    // Quarters add up exactly, so that sums are the same in any order.
    const rows = Math.min(length, 200)
    const or = (value: Value) => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : value)
    const list = (value: () => Value) => Array.from({ length: rows }, () => or(value()))
    return {
      groups: list(() => BigInt(random.int(4))),
      keys: list(() => BigInt(random.int(9))),
      numbers: list(() => BigInt(random.int(1000)) * 2n ** 40n - 2n ** 49n),
      reals: list(() => (random.int(1000) - 500) / 4),
      texts: sampleValues(random, utf8, rows, shape === 'extreme' ? 'full' : shape),
      descending: random.int(2) === 1,
      nullsFirst: random.int(2) === 1,
    }
  },
  reference(input) {
    const plain = plainly(input) as { ranked: unknown; shifted: unknown; overFrames: Value[][][][] }
    const decimals = plain.overFrames.map(([sums]) => sums![framed.indexOf('sum')]!.map(sum => (sum === null ? null : String((sum as bigint) * billions))))
    return { ...plain, again: plain.overFrames, decimals } as object
  },
  compute(device, arena, input) {
    const { groups, keys, numbers, reals, texts, descending, nullsFirst } = input
    const asReal = keys.map(key => (key === null ? null : Number(key)))
    const columns = [
      [int64, groups],
      [int64, keys],
      [int64, numbers],
      [float64, reals],
      [utf8, texts],
      [float64, asReal],
      [decimal38, numbers.map(n => (n === null ? null : String((n as bigint) * billions)))],
    ].map(([type, values]) => columnOf(device, arena, type as typeof int64, values as Value[]))
    const batch = { fields: columns.map(({ type }, i) => ({ name: `c${i}`, type, nullable: true })), rowCount: groups.length, columns, arena: arena.address }
    const typeOf = (fn: string, at: number) => (fn === 'count' ? rowCount64 : fn !== 'sum' && numeric.has(fn) ? float64 : columns[at]!.type)
    const run = (index: number, functions: readonly Omit<WindowFunction, 'where'>[]) =>
      computeWindows(device, arena, batch, { by: [0], order: [{ index, descending, nullsFirst }], functions: functions.map(f => ({ ...f, where: 'over' })) }).map(column => valuesOf(device, column))
    const ranked = run(1, ranks.map(fn => ({ fn, type: fn === 'percentRank' || fn === 'cumeDist' ? float64 : rowCount64, options: { n: 3 } })))
    const shifted = [2, -1].map(offset => run(1, [{ fn: 'lag', type: utf8, input: 4, options: { offset }, fallback: 'none' }])[0]!)
    const overFrames = (index: number) =>
      frames.map(frame =>
        [2, 3, 4].map(at =>
          framed.map(fn => {
            if (at === 4 && numeric.has(fn)) return groups.map(() => null)
            return run(index, [{ fn, type: typeOf(fn, at), input: at, options: { n: 2, q: quantile }, ...(frame && { frame }) }])[0]!
          }),
        ),
      )
    // Decimals of as many digits give the sums of whole numbers, as text.
    const decimals = frames.map(frame => run(1, [{ fn: 'sum', type: decimal38, input: 6, ...(frame && { frame }) }])[0]!)
    return { ranked, shifted, overFrames: overFrames(1), again: overFrames(5), decimals }
  },
})
