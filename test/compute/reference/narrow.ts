// Decimals in fewer bytes, plainly: bigints again. What lies behind nulls is spoiled first, so that nothing comes of it.
import type { Random } from '../../../src/base/random.ts'
import { parseDecimal, formatDecimal } from '../../../src/batch/decimal-text.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import type { Column } from '../../../src/batch/batch.ts'
import { sliceColumn } from '../../../src/batch/batch.ts'
import { compare, type Comparison } from '../../../src/compute/compare.ts'
import { type Decimal, decimalArithmetic } from '../../../src/compute/decimal.ts'
import { gatherColumn } from '../../../src/compute/gather.ts'
import { narrowed, narrowOfWords } from '../../../src/compute/narrow.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import { floatsOf } from '../../../src/compute/widen.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { narrowOnly, narrowOperand } from '../../support/narrow-columns.ts'
import { operandsOf } from '../../support/operands.ts'
import { bitmapOf, bitsAt, columnOf, sampleValue, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types: readonly Decimal[] = [[1, 0], [2, 1], [4, 4], [6, 0], [9, 2], [12, 2], [18, 9], [19, 0], [19, 2]].map(([precision, scale]) => ({ kind: 'decimal', precision: precision!, scale: scale! }))
const operations = ['add', 'sub', 'mul'] as const
const comparisons: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge']
const unscaled = (type: Decimal, value: Value) => parseDecimal(value as string, type.scale)!
const ten = (n: number) => 10n ** BigInt(n)

// Every third column has the ends of 64 bits in it, and one beyond them.
const edges = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n, -128n, 127n, -129n, 32_768n, -(2n ** 31n), 2n ** 31n]

function sampleColumn(random: Random, type: Decimal, length: number, shape: Shape): Value[] {
  const values = sampleValues(random, type, length, shape)
  if (length === 0 || random.int(3) > 0) return values
  const edge = edges[random.int(edges.length)]!
  values[random.int(length)] = edge < ten(type.precision) && edge > -ten(type.precision) ? formatDecimal(edge, type.scale) : null
  return values
}

function spoiled(device: Device, column: Column): Column {
  bitsAt(device, column.validity, column.length).forEach((bit, row) => {
    if (!bit) device.memory.int64s(column.values + 16 * row, 2).set([-81_985_529_216_486_895n, 7n])
  })
  return column
}

export const narrowDecimalAgreement = agreement<{ type: Decimal; values: Value[]; picks: number[] }[], unknown[]>({
  stem: 'narrow',
  kernels: ['boundD128', 'narrowD128', 'widenToD128', 'widenToI64'],
  sample: (random, length, shape) => types.map(type => ({ type, values: sampleColumn(random, type, length, shape), picks: Array.from({ length: length && length + 3 }, () => random.int(length)) })),
  reference: cases =>
    cases.map(({ type, values, picks }) => {
      const numbers = values.flatMap(v => (v === null ? [] : [unscaled(type, v)]))
      const [min, max] = numbers.reduce(([a, b], v) => [v < a! ? v : a, v > b! ? v : b], [numbers[0] ?? 0n, numbers[0] ?? 0n]) as [bigint, bigint]
      const bits = [8, 16, 32, 64].find(b => BigInt.asIntN(b, min) === min && BigInt.asIntN(b, max) === max) ?? 0
      const isExact = bits > 0 && [min, max].every(v => Number.isSafeInteger(Number(v)))
      const floats = values.map(v => (v === null ? null : Number(unscaled(type, v)) / 10 ** type.scale))
      return { bits, range: isExact ? { min: Number(min), max: Number(max) } : undefined, values, picked: picks.map(row => values[row]), sliced: values.slice(64), floats }
    }),
  compute: (device, arena, cases) =>
    cases.map(({ type, values, picks }) => {
      const column = spoiled(device, columnOf(device, arena, type, values))
      const beside = narrowed(device, arena, column)
      const alone = narrowOnly(device, arena, column)
      const indices = arena.allocate(4 * picks.length)
      device.memory.uint32s(indices, picks.length).set(picks)
      const floats = device.memory.float64s(floatsOf(device, arena, alone), values.length)
      const sliced = values.length < 64 ? [] : valuesOf(device, sliceColumn(alone, 64, values.length))
      return {
        bits: beside.narrow?.bits ?? 0,
        range: beside.range,
        values: valuesOf(device, alone),
        picked: valuesOf(device, gatherColumn(device, arena, alone, indices, picks.length)),
        sliced,
        floats: values.map((v, row) => (v === null ? null : floats[row]! + 0)),
      }
    }),
})

const words: Decimal = { kind: 'decimal', precision: 19, scale: 0 }
const reaches = [0n, 127n, 128n, 32_767n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 63n - 1n]

/** Stored words of 32 and 64 bits as decimals. */
export const narrowWordsAgreement = agreement<{ bits: 32 | 64; values: (bigint | null)[] }[], unknown[]>({
  stem: 'narrow',
  kernels: ['boundWords', 'narrowWords'],
  sample: (random, length, shape) =>
    reaches.flatMap(reach =>
      ([32, 64] as const).map(bits => ({
        bits,
        values: sampleValues(random, { kind: 'int64' }, length, shape).map(v => (v === null ? null : (reach === 0n ? 0n : BigInt.asIntN(bits, (v as bigint) % (reach + 1n))))),
      })),
    ),
  reference: cases =>
    cases.map(({ values }) => {
      const numbers = values.filter(v => v !== null)
      const widest = numbers.reduce((most, v) => Math.max(most, [8, 16, 32, 64].find(b => BigInt.asIntN(b, v) === v)!), 8)
      return { bits: widest, values: values.map(v => (v === null ? null : String(v))) }
    }),
  compute: (device, arena, cases) =>
    cases.map(({ bits, values }) => {
      const validity = values.includes(null) ? bitmapOf(device, arena, values.map(v => v !== null)) : 0
      const at = arena.allocate((values.length * bits) / 8)
      values.forEach((v, row) => (bits === 64 ? (device.memory.int64s(at, values.length)[row] = v ?? 7_777_777_777_777n) : (device.memory.words()[at / 4 + row] = Number(v ?? -77_777n))))
      const column = narrowOfWords(device, arena, { values: at, bits }, { type: words, length: values.length, validity })
      return { bits: column.narrow!.bits, values: valuesOf(device, column) }
    }),
})

interface Case {
  readonly types: readonly [Decimal, Decimal]
  readonly a: Value[]
  readonly b: Value[]
  readonly constant: 'none' | 'a' | 'b'
  readonly bounded: boolean
}

function sampleCase(random: Random, length: number, shape: Shape, bounded: boolean): Case {
  const [left, right] = [types[random.int(types.length)]!, types[random.int(types.length)]!]
  const constant = (['none', 'a', 'b'] as const)[random.int(3)]!
  const side = (type: Decimal, name: string) => (constant === name ? new Array<Value>(length).fill(sampleValue(random, type, shape)) : sampleColumn(random, type, length, shape))
  return { types: [left, right], a: side(left, 'a'), b: side(right, 'b'), constant, bounded }
}

function operands(device: Device, arena: Arena, { types, a, b, constant, bounded }: Case) {
  const [left] = operandsOf(device, arena, { type: types[0], a, b: [], constant: constant === 'a' ? 'a' : 'none' })
  const [, right] = operandsOf(device, arena, { type: types[1], a: [], b, constant: constant === 'b' ? 'b' : 'none' })
  return [left, right].map(side => narrowOperand(device, arena, isColumn(side) ? spoiled(device, side) : side, bounded)) as [typeof left, typeof right]
}

export const narrowArithmeticAgreement = agreement<(Case & { op: 'add' | 'sub' | 'mul' })[], { values: Value[]; isWithin: boolean }[]>({
  stem: 'narrow',
  kernels: ['calculateNarrow'],
  sample: (random, length, shape) => operations.flatMap(op => [0, 1, 2, 3, 4, 5, 6, 7].map(i => ({ op, ...sampleCase(random, length, shape, i % 2 === 0) }))),
  reference: cases =>
    cases.map(({ op, types: [s, t], a, b }) => {
      const scale = op === 'mul' ? s.scale + t.scale : Math.max(s.scale, t.scale)
      const results = a.map((x, row) => {
        const y = b[row]!
        if (x === null || y === null) return null
        const [left, right] = [unscaled(s, x), unscaled(t, y)]
        if (op === 'mul') return left * right
        const [u, v] = [left * ten(scale - s.scale), right * ten(scale - t.scale)]
        return op === 'add' ? u + v : u - v
      })
      return { values: results.map(v => (v === null ? null : formatDecimal(v, scale))), isWithin: true }
    }),
  compute: (device, arena, cases) =>
    cases.map(one => {
      const [a, b] = operands(device, arena, one)
      const scale = one.op === 'mul' ? one.types[0].scale + one.types[1].scale : Math.max(one.types[0].scale, one.types[1].scale)
      if (!isColumn(a) && !isColumn(b)) return { values: [], isWithin: true }
      const out = decimalArithmetic(device, arena, one.op, a, b, { kind: 'decimal', precision: 38, scale }, true, { active: 0, where: 'test' })
      const values = valuesOf(device, out)
      // What is said of the result's bounds must hold.
      const [min, max] = out.range ? [BigInt(out.range.min), BigInt(out.range.max)] : [-ten(50), ten(50)]
      return { values, isWithin: values.every(v => v === null || (parseDecimal(v as string, scale)! >= min && parseDecimal(v as string, scale)! <= max)) }
    }),
})

export const narrowCompareAgreement = agreement<(Case & { op: Comparison })[], Value[][]>({
  stem: 'narrow',
  kernels: ['boundD128', 'narrowD128'],
  sample: (random, length, shape) => comparisons.flatMap(op => [0, 1, 2, 3, 4, 5].map(i => ({ op, ...sampleCase(random, length, i === 5 ? 'few' : shape, i % 2 === 0) }))),
  reference: cases =>
    cases.map(({ op, types: [s, t], a, b }) =>
      a.map((x, row) => {
        const y = b[row]!
        if (x === null || y === null) return null
        const difference = unscaled(s, x) * ten(t.scale) - unscaled(t, y) * ten(s.scale)
        return { eq: difference === 0n, ne: difference !== 0n, lt: difference < 0n, le: difference <= 0n, gt: difference > 0n, ge: difference >= 0n }[op]
      }),
    ),
  compute: (device, arena, cases) =>
    cases.map(one => {
      const [a, b] = operands(device, arena, one)
      return isColumn(a) || isColumn(b) ? valuesOf(device, compare(device, arena, one.op, a, b)) : []
    }),
})
