// Expressions that lead from one type to another: casts that lose nothing, and parts of lists, structs, maps and times.
import type { Random } from '../../src/base/random.ts'
import { binary, type Sample, unary } from './random-samples.ts'
import { type Cell, keyText, type Kind, pick } from './random-types.ts'

const dayMs = 86_400_000
const cast = (a: Sample, kind: Kind, value: (v: any) => Cell): Sample => unary(a, `to ${kind} `, e => e.cast(kind), value, kind)

/** An expression of a kind that is none of the everyday ones, from those that are; undefined where there is no way. */
export function convertedTo(kind: Kind, inner: (kind: Kind) => Sample): Sample | undefined {
  switch (kind) {
    case 'int16':
      return cast(inner('int32'), kind, v => v)
    case 'uint32':
      return unary(inner('int32'), 'unsigned ', e => e.abs().cast(kind), v => Math.abs(v as number), kind)
    case 'float32':
      return cast(inner('int32'), kind, v => v)
    case 'decimal(9, 2)':
      return cast(inner('int32'), kind, v => `${v}.00`)
    case 'decimal(30, 4)':
      return cast(inner('decimal(9, 2)'), kind, v => `${v}00`)
    case 'date':
      return cast(inner('timestamp[ms]'), kind, v => Math.floor(v / dayMs) * dayMs)
    case 'timestamp[us]':
      return cast(inner('timestamp[ms]'), kind, v => BigInt(v) * 1000n)
    case 'timestamp[ms, Europe/Berlin]':
      return unary(inner('timestamp[ms]'), 'toZone ', e => e.toZone('Europe/Berlin'), v => v, kind)
    case 'duration[ms]':
      return binary(inner('timestamp[ms]'), inner('timestamp[ms]'), 'since', (x, y) => x.sub(y), (x, y) => x - y, kind)
    case 'list<int32?>':
      return unary(inner(kind), 'plus one of ', e => e.transform((item: any) => item.add(1)), v => (v as Cell[]).map(item => (item === null ? null : (item as number) + 1)))
    case 'list<utf8>':
      return unary(inner(kind), 'reversed slice of ', e => e.slice(0, 2), v => (v as Cell[]).slice(0, 2))
    default:
      return undefined
  }
}

const nullable = (sample: Sample): Sample => ({ ...sample, nullable: true })

/** An expression of an everyday kind, from a value of another; undefined where there is no way. */
export function partOf(random: Random, kind: Kind, a: Sample): Sample | undefined {
  const parts = partsOf(a).filter(part => part.kind === kind)
  return parts.length > 0 ? pick(random, parts) : undefined
}

function partsOf(a: Sample): Sample[] {
  switch (a.kind) {
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
      return [cast(a, 'int32', v => v), cast(a, 'utf8', v => String(v)), cast(a, 'float64', v => v)]
    case 'uint32':
      return [cast(a, 'int64', v => BigInt(v)), cast(a, 'utf8', v => String(v))]
    case 'float32':
    case 'float16':
      return [cast(a, 'float64', v => v)]
    case 'decimal(9, 2)':
    case 'decimal(30, 4)':
      return [cast(a, 'utf8', v => v), unary(a, 'whole part of ', e => e.trunc().cast('int64'), v => BigInt((v as string).split('.')[0]!), 'int64')]
    case 'date':
      return [cast(a, 'timestamp[ms]', v => v), unary(a, 'day of ', e => e.day(), v => new Date(v as number).getUTCDate(), 'int32'), cast(a, 'utf8', v => new Date(v).toISOString().slice(0, 10))]
    case 'timestamp[s]':
      return [cast(a, 'timestamp[ms]', v => v)]
    case 'timestamp[ms, Europe/Berlin]':
      return [unary(a, 'in UTC ', e => e.toZone('UTC').cast('timestamp[ms]'), v => v, 'timestamp[ms]'), unary(a, 'hour of ', e => e.hour(), v => berlinHour(v as number), 'int32')]
    case 'list<int32?>':
      return [
        unary(a, 'length of ', e => e.length(), v => (v as Cell[]).length, 'int32'),
        nullable(unary(a, 'first of ', e => e.element(0), v => (v as Cell[])[0] ?? null, 'int32')),
        nullable(unary(a, 'max of ', e => e.max(), v => (v as (number | null)[]).reduce((m, x) => (m === null || (x !== null && x > m) ? x : m), null), 'int32')),
      ]
    case 'list<utf8>':
      return [
        unary(a, 'length of ', e => e.length(), v => (v as Cell[]).length, 'int32'),
        nullable(unary(a, 'last of ', e => e.element(-1), v => (v as Cell[]).at(-1) ?? null, 'utf8')),
        unary(a, 'joined ', e => e.join('-'), v => (v as Cell[]).join('-'), 'utf8'),
        unary(a, 'has "a" ', e => e.contains('a'), v => (v as Cell[]).includes('a'), 'bool'),
      ]
    case 'struct<a: int32, b: utf8?>':
      return [unary(a, 'a of ', e => e.field('a'), v => (v as { a: number }).a, 'int32'), nullable(unary(a, 'b of ', e => e.field('b'), v => (v as { b: string | null }).b, 'utf8'))]
    case 'map<utf8, int32?>':
      return [nullable(unary(a, 'id042 of ', e => e.get('id042'), v => [...(v as Map<string, number | null>)].findLast(([key]) => keyText(key) === keyText('id042'))?.[1] ?? null, 'int32'))]
    default:
      return []
  }
}

const berlin = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', hour: 'numeric', hourCycle: 'h23' })
const berlinHour = (ms: number) => Number(berlin.format(ms))
