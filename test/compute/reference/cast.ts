// Casts, plainly, by way of bigints and JavaScript's own parsing. A value without a counterpart is 'misfit'.
import { DataError } from '../../../src/base/errors.ts'
import { bool, type DataType, float64, isInteger, utf8 } from '../../../src/batch/data-type.ts'
import { float16Bits, float16Number } from '../../../src/batch/float16.ts'
import { boundsOf, integerTypes, isWithin, shownAs } from '../../support/whole-types.ts'
import { shortestFloat32 } from './decimal.ts'
import { typeName } from '../../../src/batch/type-name.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { canCast, cast, castAlwaysFits } from '../../../src/compute/cast.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const time = (unit: 's' | 'ms' | 'us' | 'ns'): DataType => ({ kind: 'timestamp', unit })
const types: readonly DataType[] = [bool, ...integerTypes, { kind: 'float16' }, { kind: 'float32' }, float64, utf8, time('s'), time('ms'), time('us'), time('ns')]
const perSecond = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n }
const shown = (type: DataType, count: bigint): Value =>
  type.kind === 'timestamp' && (type.unit === 's' || type.unit === 'ms') ? Number(count) * (type.unit === 's' ? 1000 : 1) : count
const countOf = (type: DataType & { kind: 'timestamp' }, value: Value): bigint =>
  typeof value === 'bigint' ? value : BigInt(value as number) / (type.unit === 's' ? 1000n : 1n)
const fitting = (bits: number, value: bigint): bigint | 'misfit' => (BigInt.asIntN(bits, value) === value ? value : 'misfit')

function plain(from: DataType, to: DataType, value: NonNullable<Value>): Value {
  if (typeName(from) === typeName(to)) return value
  if (from.kind === 'timestamp') {
    const count = countOf(from, value)
    if (to.kind === 'int64') return count
    if (to.kind !== 'timestamp') return 'not compared'
    const [have, want] = [perSecond[from.unit], perSecond[to.unit]]
    const whole = want >= have ? count * (want / have) : (count - (((count % (have / want)) + have / want) % (have / want))) / (have / want)
    return fitting(64, whole) === 'misfit' ? 'misfit' : shown(to, whole)
  }
  if (to.kind === 'utf8') return Object.is(value, -0) ? '-0' : from.kind === 'float32' && Number.isFinite(value as number) ? shortestFloat32(value as number) : String(value)
  if (from.kind === 'utf8') return 'not compared'
  if (to.kind === 'bool') return typeof value === 'bigint' ? value !== 0n : value !== 0
  const number = typeof value === 'bigint' ? value : typeof value === 'boolean' ? (value ? 1 : 0) : (value as number)
  if (to.kind.startsWith('float')) return floatOf(to, Number(number))
  if (typeof number === 'number' && !Number.isFinite(number)) return 'misfit'
  const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number))
  if (isInteger(to)) return isWithin(boundsOf(to), whole) ? shownAs(to, whole) : 'misfit'
  const fits = fitting(64, whole)
  return fits === 'misfit' ? fits : shown(to, fits)
}

function floatOf(to: DataType, number: number): Value {
  const near = to.kind === 'float64' ? number : to.kind === 'float32' ? Math.fround(number) : float16Number(float16Bits(number))
  return Number.isFinite(number) && !Number.isFinite(near) ? 'misfit' : near
}

// The extremes are milliseconds for every unit: as whole seconds, and as small counts of finer units.
function ofUnit(type: DataType, value: Value): Value {
  if (type.kind !== 'timestamp' || typeof value !== 'number') return value
  if (type.unit === 's') return Math.trunc(value / 1000) * 1000 + 0
  return type.unit === 'ms' ? value : BigInt(value)
}

const pairs = types.flatMap(from => types.filter(to => canCast(from, to)).map(to => ({ from, to })))

export const castAgreement = agreement<{ from: DataType; to: DataType; values: Value[] }[], { tried: Value[]; strict: Value[] | 'CAST' }[]>({
  stem: 'cast',
  kernels: ['castI32ToI64', 'castI32ToF64', 'castI64ToF64', 'castI64ToI32', 'castF64ToI32', 'castF64ToI64', 'castBoolToI32', 'floorDivI64', 'widenInt', 'narrowInt', 'castU64ToF64', 'castF64ToU64'],
  sample: (random, length, shape) => pairs.map(({ from, to }) => ({ from, to, values: sampleValues(random, from, length, shape).map(v => ofUnit(from, v)) })),
  reference: cases =>
    cases.map(({ from, to, values }) => {
      const results = values.map(v => (v === null ? null : plain(from, to, v)))
      const misfit = 'CAST' as const
      return { tried: results.map(v => (v === 'misfit' ? null : v)), strict: results.includes('misfit') ? misfit : results }
    }),
  compute: (device, arena, cases) =>
    cases.map(({ from, to, values }) => {
      const column = columnOf(device, arena, from, values)
      const tried = valuesOf(device, cast(device, arena, column, to, true, { active: 0, where: 'test' }))
      if (castAlwaysFits(from, to) && tried.some((v, i) => v === null && values[i] !== null))
        throw new RangeError(`${typeName(from)} to ${typeName(to)} made a null`)
      try {
        return { tried, strict: valuesOf(device, cast(device, arena, column, to, false, { active: 0, where: 'test' })) }
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        return { tried, strict: error.code as 'CAST' }
      }
    }),
  compare(actual, expected) {
    expected.forEach((want, i) => {
      const open = want.tried.includes('not compared')
      const same = (a: unknown, b: unknown) => JSON.stringify(a, encode) === JSON.stringify(b, encode)
      if (!open && !(same(actual[i]!.tried, want.tried) && same(actual[i]!.strict, want.strict)))
        throw new RangeError(
          `${typeName(pairs[i]!.from)} to ${typeName(pairs[i]!.to)}: ${JSON.stringify(actual[i], encode)} is not ${JSON.stringify(want, encode)}`,
        )
    })
  },
})

function encode(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? `#${Object.is(value, -0) ? '-0' : value}` : value
}
