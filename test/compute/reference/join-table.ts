// Finding stored rows by key, plainly: for each probing row the stored rows of an equal key in order of arrival; and taking their values. Their entries
// in the catalogue of agreements.
import type { Column } from '../../../src/batch/batch.ts'
import { bool, type DataType, float64, int32, int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { joinKeys, keyForm, type KeyForm } from '../../../src/compute/join-keys.ts'
import { markedIds, markLinked, markStored, matchMask, matchRows, rowsByMark } from '../../../src/compute/join-match.ts'
import { divideRows } from '../../../src/compute/join-parts.ts'
import { absentId, chunkRowsMax, ChunkStore, takeStored } from '../../../src/compute/join-store.ts'
import { nearestRows } from '../../../src/compute/join-order.ts'
import { buildOrdered } from '../../../src/compute/join-sorted.ts'
import { buildTable, type TableData } from '../../../src/compute/join-table.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { bitsAt, columnOf, sampleValues, type Shape, uint32sAt, valuesOf } from '../../support/samples.ts'
import { sameKey } from '../../support/naive-join.ts'
import { agreement } from '../agreement.ts'
import { gatherColumn } from '../../../src/compute/gather.ts'
import type { Random } from '../../../src/base/random.ts'

type Keys = readonly (readonly Value[])[]

/** Pairs [probing row, stored row] of equal keys. */
export function pairsOf(left: Keys, right: Keys): [number, number][] {
  return left.flatMap((a, i) => right.flatMap((b, j): [number, number][] => (a.every((value, k) => sameKey(value, b[k]!)) ? [[i, j]] : [])))
}

const rowsOfKeys = (columns: readonly (readonly Value[])[], rows: number): Value[][] => Array.from({ length: rows }, (_, row) => columns.map(values => values[row]!))
const formsOf = (types: readonly DataType[]): KeyForm[] => types.map(type => keyForm(type, type)!)

function storeOf(device: Device, arena: Arena, types: readonly DataType[], columns: readonly (readonly Value[])[], rows: number): ChunkStore {
  const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
  const store = new ChunkStore(device, fields)
  for (let at = 0; at < rows; at += 70) {
    const length = Math.min(70, rows - at)
    store.add({ fields, rowCount: length, columns: types.map((type, i) => columnOf(device, arena, type, columns[i]!.slice(at, at + length))), arena: arena.address })
  }
  return store
}

interface TableSample {
  readonly types: readonly DataType[]
  readonly left: readonly (readonly Value[])[]
  readonly right: readonly (readonly Value[])[]
  readonly rows: readonly [number, number]
  readonly pairsMax: number
}

// Stored keys are drawn from the probing ones, so that there is something to find.
function sampleTable(types: readonly DataType[], near: boolean) {
  return (random: Random, length: number, shape: Shape): TableSample => {
    const rows = [Math.min(length, 200), Math.min(length, 150)] as const
    const draw = (type: DataType) => {
      if (near && shape !== 'allNull' && shape !== 'extreme') return Array.from({ length: rows[0] }, () => (shape === 'nulls' && random.int(3) === 0 ? null : type === int32 ? random.int(90) - 5 : BigInt(random.int(90) - 5)))
      return sampleValues(random, type, rows[0], shape)
    }
    const left = types.map(draw)
    const unique = random.int(3) === 0
    const picks = Array.from({ length: rows[1] }, (_, i) => (unique ? i : random.int(Math.max(1, rows[0]))))
    const right = left.map((values, k) => picks.map(pick => (random.int(5) === 0 ? sampleValues(random, types[k]!, 1, shape)[0]! : values[pick]!)))
    return { types, left, right, rows, pairsMax: 1 + random.int(60) }
  }
}

function withTable<T>(device: Device, arena: Arena, sample: TableSample, marks: boolean, use: (table: TableData, keys: Column[]) => T): T {
  const store = storeOf(device, arena, sample.types, sample.right, sample.rows[1])
  const table = buildTable(device, store, sample.types.map((_, i) => i), formsOf(sample.types), { marks })
  const holder = device.arena()
  holder.hold(table.arena)
  try {
    return use(table, sample.types.map((type, i) => columnOf(device, arena, type, sample.left[i]!)))
  } finally {
    holder.release()
    store.close()
  }
}

/** All that the kinds of joins are made of: outer pairs, the marks of stored rows, and masks. */
const tableAgreement = (name: string, types: readonly DataType[], near: boolean, kernels: readonly string[]) =>
  agreement({
    stem: `join-table, ${name}`,
    kernels,
    sample: sampleTable(types, near),
    reference({ left, right, rows }) {
      const pairs = pairsOf(rowsOfKeys(left, rows[0]), rowsOfKeys(right, rows[1]))
      const [met, found] = [new Set(pairs.map(p => p[0])), new Set(pairs.map(p => p[1]))]
      const outer = Array.from({ length: rows[0] }, (_, row) => row).flatMap((row): [number, number][] => (met.has(row) ? pairs.filter(p => p[0] === row) : [[row, -1]]))
      return { pairs, outer, semi: Array.from({ length: rows[0] }, (_, row) => met.has(row)), ...Object.fromEntries(['unmatched', 'storedAnti'].map(name => [name, Array.from({ length: rows[1] }, (_, row) => row).filter(row => !found.has(row))])) }
    },
    compute(device, arena, sample) {
      return withTable(device, arena, sample, true, (table, keys) => {
        const probe = { keys, rows: sample.rows[0] }
        const list = (how: 'inner' | 'full') => {
          const result: [number, number][] = []
          for (const { left, right, count } of matchRows(device, arena, table, probe, how, undefined, sample.pairsMax)) {
            const lefts = left === 0 ? Array.from({ length: count }, (_, i) => i) : uint32sAt(device, left, count)
            uint32sAt(device, right, count).forEach((id, i) => result.push([lefts[i]!, id === absentId(table.rows) ? -1 : id]))
          }
          return result
        }
        const [pairs, outer] = [list('inner'), list('full')]
        const semi = bitsAt(device, matchMask(device, arena, table, probe, true, undefined, sample.pairsMax), sample.rows[0])
        const unmarked = (): number[] =>
          table.rows.chunkRows.flatMap((_, chunk) => {
            const { ids, count } = markedIds(device, arena, table, chunk, false)
            return uint32sAt(device, ids, count)
          })
        const unmatched = unmarked()
        device.memory.bytes(table.marks, chunkRowsMax * table.rows.chunkRows.length).fill(0)
        markStored(device, arena, table, probe, undefined, sample.pairsMax)
        markLinked(device, table)
        return { pairs, outer, semi, unmatched, storedAnti: unmarked() }
      })
    },
  })

export const tableAgreements = [
  tableAgreement('int32 nearby', [int32], true, ['keyRangeI32', 'fillArrayI32', 'probeArrayI32', 'pairHeads', 'fillHeads', 'markHeads', 'markLinked', 'headBits', 'expandHeads', 'markIndices', 'addUnmarked', 'markBits']),
  tableAgreement('int64 nearby', [int64], true, ['keyRangeI64', 'fillArrayI64', 'probeArrayI64']),
  tableAgreement('int64 anywhere', [int64], false, ['fillWords', 'probeWords']),
  tableAgreement('float64', [float64], false, []),
  tableAgreement('utf8', [utf8], false, ['fillViews', 'probeViews']),
  tableAgreement('several keys', [utf8, int64, float64], false, ['addViewLengths', 'layKeys', 'putFixed', 'putViews', 'sealKeys']),
]

const conditions: { readonly [name: string]: (left: number, right: number) => boolean } = { odd: (left, right) => (left + right) % 2 === 1, none: () => false }

/** Pairs with a condition, and each row with each. */
export const conditionAgreement = agreement({
  stem: 'join-pairs',
  kernels: ['expandRanges', 'keepPairs'],
  sample: (random, length, shape) => ({ ...sampleTable([int32], true)(random, Math.min(length, 64), shape), keyed: random.int(2) === 1, condition: random.int(4) === 0 ? 'none' : 'odd' }),
  reference({ left, right, rows, keyed, condition }) {
    const all = keyed ? pairsOf(rowsOfKeys(left, rows[0]), rowsOfKeys(right, rows[1])) : Array.from({ length: rows[0] * rows[1] }, (_, i): [number, number] => [Math.floor(i / rows[1]), i % rows[1]])
    const pairs = all.filter(([l, r]) => conditions[condition]!(l, r))
    const met = new Set(pairs.map(p => p[0]))
    return { outer: Array.from({ length: rows[0] }, (_, row) => row).flatMap((row): [number, number][] => (met.has(row) ? pairs.filter(p => p[0] === row) : [[row, -1]])), anti: Array.from({ length: rows[0] }, (_, row) => !met.has(row)) }
  },
  compute(device, arena, sample) {
    const types = sample.keyed ? sample.types : []
    return withTable(device, arena, { ...sample, types }, false, (table, keys) => {
      const probe = { keys, rows: sample.rows[0] }
      const mask = (left: number, right: number, count: number) => {
        const bits = arena.allocateZeroed(count)
        const [lefts, rights] = [uint32sAt(device, left, count), uint32sAt(device, right, count)]
        const bytes = device.memory.bytes(bits, count)
        lefts.forEach((l, i) => conditions[sample.condition]!(l, rights[i]!) && (bytes[i >>> 3]! |= 1 << (i & 7)))
        return bits
      }
      const outer: [number, number][] = []
      for (const { left, right, count } of matchRows(device, arena, table, probe, 'left', mask, sample.pairsMax))
        uint32sAt(device, right, count).forEach((id, i) => outer.push([uint32sAt(device, left, count)[i]!, id === absentId(table.rows) ? -1 : id]))
      return { outer, anti: bitsAt(device, matchMask(device, arena, table, probe, false, mask, sample.pairsMax), sample.rows[0]) }
    })
  },
})

/** Slots that grow: more keys than the first table is made for. */
export const growthAgreement = agreement({
  stem: 'join-table, growing',
  kernels: ['moveWordSlots', 'moveViewSlots'],
  sample: (random, length) => ({ count: length === 1000 ? 40_000 : length, step: 1 + random.int(1000), texts: random.int(2) === 1, twice: random.int(2) === 1 }),
  reference: ({ count, twice }) => ({ found: count, twice: twice && count > 0 }),
  compute(device, arena, { count, step, texts, twice }) {
    const type = texts ? utf8 : int64
    const value = (i: number): Value => (texts ? `key ${i * step} of a text that is long` : BigInt(i) * BigInt(step) * 1_000_003n)
    const column = columnOf(device, arena, type, Array.from({ length: count }, (_, i) => value(i)))
    const fields = [{ name: 'k', type, nullable: false }]
    const store = new ChunkStore(device, fields)
    const batch = { fields, rowCount: count, columns: [column], arena: arena.address }
    // Two chunks: the later one is stored first, and has few keys of its own.
    store.add(batch)
    if (twice) for (let i = 0; i < 2; i++) store.add({ ...batch, rowCount: Math.min(count, 33_000), columns: [{ ...column, length: Math.min(count, 33_000) }] })
    const table = buildTable(device, store, [0], formsOf([type]), { marks: false })
    const holder = device.arena()
    holder.hold(table.arena)
    try {
      let found = 0
      let again = false
      const seen = new Set<number>()
      for (const { left, right, count: pairs } of matchRows(device, arena, table, { keys: [column], rows: count }, 'inner', undefined, 30_000)) {
        const lefts = left === 0 ? Array.from({ length: pairs }, (_, i) => i) : uint32sAt(device, left, pairs)
        again ||= pairs > seen.size + 1 && lefts.some((l, i) => lefts[i + 1] === l)
        const taken = valuesOf(device, takeStored(device, arena, table.rows, table.rows.columns[0]!, type, right, pairs, false))
        const probed = valuesOf(device, gatherColumn(device, arena, column, left === 0 ? right : left, pairs))
        if (left !== 0) taken.forEach((v, i) => v === probed[i] && seen.add(lefts[i]!))
        else taken.forEach((v, i) => v === value(lefts[i]!) && seen.add(lefts[i]!))
      }
      found = seen.size
      return { found, twice: again }
    } finally {
      holder.release()
      store.close()
    }
  },
})

/** The nearest stored row of an equal key. */
export const nearestAgreement = agreement({
  stem: 'join-order',
  kernels: ['orderFloats', 'boundGroups', 'searchNearest', 'flattenHeads'],
  sample(random, length) {
    const value = () => (random.int(6) === 0 ? null : random.int(3) === 0 ? -0.5 * random.int(20) : 0.25 * random.int(80))
    const side = (rows: number) => Array.from({ length: rows }, () => [random.int(5) === 0 ? null : random.int(3), value()] as const)
    return { left: side(Math.min(length, 200)), right: side(Math.min(length, 150)), direction: (['backward', 'forward', 'nearest'] as const)[random.int(3)]!, keyed: random.int(3) > 0, within: random.int(2) ? 1.5 : Number.POSITIVE_INFINITY }
  },
  reference({ left, right, direction, keyed, within }) {
    return left.map(([key, value]) => {
      if (value === null || (keyed && key === null)) return -1
      const near = right.map(([k, v], i) => ({ i, gap: v === null || (keyed && k !== key) ? Number.NaN : v - value })).filter(({ gap }) => Math.abs(gap) <= within)
      const before = near.filter(({ gap }) => gap <= 0).sort((a, b) => b.gap - a.gap || b.i - a.i)[0]
      const after = near.filter(({ gap }) => gap >= 0).sort((a, b) => a.gap - b.gap || a.i - b.i)[0]
      const found = direction === 'backward' ? before : direction === 'forward' ? after : before && after && after.gap < -before.gap ? after : (before ?? after)
      return found ? found.i : -1
    })
  },
  compute(device, arena, { left, right, direction, keyed, within }) {
    const columns = (rows: readonly (readonly [number | null, number | null])[]) => [columnOf(device, arena, int32, rows.map(r => r[0])), columnOf(device, arena, float64, rows.map(r => r[1]))] as const
    const fields = [int32, float64].map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    const store = new ChunkStore(device, fields)
    for (let at = 0; at < right.length; at += 70) store.add({ fields, rowCount: Math.min(70, right.length - at), columns: columns(right.slice(at, at + 70)), arena: arena.address })
    const form = { key: { form: 'word' }, floats: true, direction, withinFloat: within } as const
    const table = buildOrdered(device, store, keyed ? [0] : [], keyed ? formsOf([int32]) : [], { marks: false, time: { at: 1, form } })
    const holder = device.arena()
    holder.hold(table.arena)
    try {
      const [key, value] = columns(left)
      return uint32sAt(device, nearestRows(device, arena, table, table.sorted!, form, keyed ? [key] : [], value, left.length), left.length).map(id => id | 0)
    } finally {
      holder.release()
      store.close()
    }
  },
})

/** Rows divided by their keys, twice: equal keys stay together, whatever their types; and marks of rows by number. */
export const partsAgreement = agreement({
  stem: 'join-parts',
  kernels: ['shiftHashes', 'takeMarks'],
  sample: (random, length) => ({ keys: Array.from({ length }, () => (random.int(9) === 0 ? null : random.int(50))), marks: Array.from({ length }, () => random.int(2)), picks: Array.from({ length }, () => random.int(length)) }),
  reference: ({ keys, marks, picks }) => ({ rows: keys.length, together: true, divided: new Set(keys).size > 16, taken: picks.map(pick => marks[pick] === 0) }),
  compute(device, arena, { keys, marks, picks }) {
    const form = keyForm(int32, float64)!
    const batchOf = (type: DataType) => ({ fields: [{ name: 'k', type, nullable: true }], rowCount: keys.length, columns: [columnOf(device, arena, type, keys)], arena: arena.address })
    const divide = (type: DataType) => divideRows(device, arena, batchOf(type), [0], [form], 0).map(part => (part ? divideRows(device, arena, part, [0], [form], 1) : []))
    const texts = (parts: ReturnType<typeof divide>) => parts.map(level => level.map(part => (part ? valuesOf(device, part.columns[0]!).join() : '')))
    const [ints, floats] = [divide(int32), divide(float64)]
    const seen = ints.flat().flatMap(part => (part ? [new Set(valuesOf(device, part.columns[0]!))] : []))
    const together = JSON.stringify(texts(ints)) === JSON.stringify(texts(floats)) && seen.reduce((sum, set) => sum + set.size, 0) === new Set(keys).size
    const at = arena.allocate(marks.length)
    device.memory.write(at, Uint8Array.from(marks))
    const numbers = columnOf(device, arena, int32, picks)
    return { rows: ints.flat().reduce((sum, part) => sum + (part?.rowCount ?? 0), 0), together, divided: new Set(keys).size > 16 && ints.filter(level => level.length > 0).length > 8, taken: bitsAt(device, rowsByMark(device, arena, numbers, at, false), picks.length) }
  },
})

const takenTypes: readonly DataType[] = [bool, int32, int64, float64, utf8, { kind: 'int8' }, { kind: 'uint16' }, { kind: 'interval' }, { kind: 'fixedBinary', size: 5 }]

/** Columns out of chunks of different sizes, with ids of rows of nulls among them. Types without JavaScript values are compared by their bytes. */
export const chunksAgreement = agreement({
  stem: 'join-chunks',
  kernels: ['takeChunked1', 'takeChunked2', 'takeChunked4', 'takeChunked8', 'takeChunked16', 'takeChunkedFixed', 'takeChunkedBits', 'flattenIds'],
  sample(random, length, shape) {
    const cuts = [random.int(length + 1), random.int(length + 1)].sort((a, b) => a - b)
    const sizes = [cuts[0]!, cuts[1]! - cuts[0]!, length - cuts[1]!]
    const bytes = Array.from({ length: length * 16 }, () => random.int(256))
    const values = takenTypes.slice(0, 5).map(type => sampleValues(random, type, length, shape))
    return { sizes, bytes, values, picks: length === 0 ? [-1] : Array.from({ length: 100 }, () => (random.int(10) === 0 ? -1 : random.int(length))) }
  },
  reference({ values, bytes, picks }) {
    const wide = (size: number) => picks.map(pick => (pick < 0 ? null : bytes.slice(pick * size, pick * size + size)))
    return [...values.map(column => picks.map(pick => (pick < 0 ? null : column[pick]!))), wide(1), wide(2), wide(16), wide(5), picks.map(pick => (pick < 0 ? bytes.length / 16 : pick))]
  },
  compute(device, arena, { sizes, values, bytes, picks }) {
    const starts = [0, sizes[0]!, sizes[0]! + sizes[1]!]
    const list = (addresses: readonly number[]) => {
      const at = arena.allocate(16)
      device.memory.uint32s(at, 4).set(addresses)
      return at
    }
    const none = arena.allocateZeroed(64)
    const stored = takenTypes.map((type, t) => {
      const parts = sizes.map((size, i): Column => {
        if (t < 5) return columnOf(device, arena, type, values[t]!.slice(starts[i], starts[i]! + size))
        const width = [1, 2, 16, 5][t - 5]!
        const at = arena.allocate(16 * size)
        device.memory.write(at, Uint8Array.from(bytes.slice(starts[i]! * width, (starts[i]! + size) * width)))
        return { type, length: size, values: at, validity: 0 }
      })
      return { values: list([...parts.map(p => p.values), none]), validity: list([...parts.map(p => p.validity), none]), hasNulls: parts.some(p => p.validity !== 0) }
    })
    const rows = { rowCount: starts[2]! + sizes[2]!, chunkRows: sizes, firsts: list([...starts, starts[2]! + sizes[2]!]), columns: stored, arena: 0 }
    const ids = arena.allocate(4 * picks.length)
    device.memory.uint32s(ids, picks.length).set(
      picks.map(pick => {
        const chunk = pick < 0 ? 3 : pick >= starts[2]! ? 2 : pick >= starts[1]! ? 1 : 0
        return pick < 0 ? absentId(rows) : (chunk << 16) | (pick - starts[chunk]!)
      }),
    )
    const taken = takenTypes.map((type, t) => takeStored(device, arena, rows, stored[t]!, type, ids, picks.length, true))
    const numbers = arena.allocate(4 * picks.length)
    device.kernels.flattenIds(rows.firsts, ids, picks.length, numbers)
    return [
      ...taken.slice(0, 5).map(column => valuesOf(device, column)),
      ...taken.slice(5).map((column, t) => {
        const width = [1, 2, 16, 5][t]!
        const valid = bitsAt(device, column.validity, picks.length)
        return picks.map((_, i) => (valid[i] ? [...device.memory.bytes(column.values + i * width, width)] : null))
      }),
      uint32sAt(device, numbers, picks.length),
    ]
  },
})

const halves: readonly [bits: number, value: number][] = [[0, 0], [0x8000, -0], [0x3c00, 1], [0xc000, -2], [0x7c00, Infinity], [0xfc00, -Infinity], [0x7e00, Number.NaN], [1, 2 ** -24], [0x7bff, 65504], [0x3555, 0.333251953125]]

/** Numbers as words: of narrow types, whole ones among floats, times in finer units. */
export const joinKeysAgreement = agreement({
  stem: 'join-keys',
  kernels: ['keyWords', 'wholeWords', 'signedWords', 'scaleWords'],
  sample(random, length) {
    const pick = <T>(values: readonly T[]) => Array.from({ length }, () => values[random.int(values.length)]!)
    return {
      int8: pick([-128, -1, 0, 1, 127]), uint8: pick([0, 1, 255]), int16: pick([-32768, 0, 32767]), uint16: pick([0, 65535]), uint32: pick([0, 1, 2 ** 32 - 1]),
      uint64: pick([0n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]),
      float32: pick([0, -0, 1.5, -3, 2 ** 63, -(2 ** 63), Number.NaN, Infinity]),
      float64: pick([0, -0, 1.5, 7, 2 ** 53, 2 ** 63, 2 ** 64, -(2 ** 63), -1, Number.NaN, -Infinity]),
      half: pick(halves),
      seconds: pick([0n, -1n, 9_223_372_036_854_775n, 9_223_372_036_854_776n, -9_223_372_036_854_775n]),
    }
  },
  reference(input) {
    const whole = (values: readonly number[], low: number, high: number) => values.map(v => (Number.isInteger(v) && v >= low && v < high ? BigInt(v) : null))
    const canonical = (values: readonly number[]) => values.map(v => String(v === 0 ? 0 : v))
    return {
      integers: [input.int8, input.uint8, input.int16, input.uint16, input.uint32].map(values => values.map(BigInt)),
      uint64AsInt64: input.uint64.map(v => (v < 2n ** 63n ? v : null)),
      float32AsInt64: whole(input.float32, -(2 ** 63), 2 ** 63),
      float64AsInt64: whole(input.float64, -(2 ** 63), 2 ** 63),
      float64AsUint64: whole(input.float64, 0, 2 ** 64),
      floats: [canonical(input.float32), canonical(input.float64), canonical(input.half.map(h => h[1]))],
      micros: input.seconds.map(v => (v <= 9_223_372_036_854_775n && v >= -9_223_372_036_854_775n ? v * 1000n : null)),
    }
  },
  compute(device, arena, input) {
    const column = (kind: string, bytes: ArrayBufferView, length: number, unit?: string): Column => {
      const values = arena.allocate(bytes.byteLength)
      device.memory.write(values, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      return { type: { kind, ...(unit && { unit }) } as DataType, length, values, validity: 0 }
    }
    const words = (c: Column, form: KeyForm) => {
      const { values, validity } = joinKeys(device, arena, [c], [form], c.length)
      const valid = bitsAt(device, validity, c.length)
      return { valid, ints: [...device.memory.int64s(values, c.length)], floats: [...device.memory.float64s(values, c.length)] }
    }
    const ints = (c: Column, form: KeyForm) => {
      const { valid, ints: found } = words(c, form)
      return found.map((v, i) => (valid[i] ? (form.whole === 'uint64' ? BigInt.asUintN(64, v) : v) : null))
    }
    const signed = { form: 'word', whole: 'int64' } as const
    const n = input.int8.length
    const [f32, f64] = [column('float32', Float32Array.from(input.float32), n), column('float64', Float64Array.from(input.float64), n)]
    return {
      integers: [
        column('int8', Int8Array.from(input.int8), n), column('uint8', Uint8Array.from(input.uint8), n), column('int16', Int16Array.from(input.int16), n),
        column('uint16', Uint16Array.from(input.uint16), n), column('uint32', Uint32Array.from(input.uint32), n),
      ].map(c => ints(c, signed)),
      uint64AsInt64: ints(column('uint64', BigUint64Array.from(input.uint64), n), signed),
      float32AsInt64: ints(f32, signed),
      float64AsInt64: ints(f64, signed),
      float64AsUint64: ints(f64, { form: 'word', whole: 'uint64' }),
      floats: [f32, f64, column('float16', Uint16Array.from(input.half, h => h[0]), n)].map(c => words(c, { form: 'word' }).floats.map((v, i) => String(Object.is(v, -0) ? `minus zero in row ${i}` : v))),
      micros: ints(column('timestamp', BigInt64Array.from(input.seconds), n, 'ms'), { form: 'word', unit: 'us' }),
    }
  },
})
