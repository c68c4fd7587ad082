// Random expressions over a random schema, each with what it means: a plain function of a row, written with JavaScript's own operators. Values are chosen so
// that everything is exact: floats are small multiples of a power of two, integers are far from their ends.
import type { Random } from '../../src/base/random.ts'
import { col, lit, when } from '../../src/frame/expr.ts'

/** What a cell is: as rows hold it. */
export type Cell = number | bigint | string | boolean | null
/** A row. */
export type Row = Readonly<Record<string, Cell>>
/** The types that plans are made of. */
export type Kind = 'int32' | 'int64' | 'float64' | 'utf8' | 'bool' | 'timestamp[ms]'
/** Columns by name; a question mark where nulls may be. */
export type Columns = Readonly<Record<string, { readonly kind: Kind; readonly nullable: boolean }>>

/** An expression, the engine's and what it means. */
export interface Sample {
  readonly text: string
  readonly expr: any
  readonly kind: Kind
  readonly nullable: boolean
  value(row: Row): Cell
}

export const kinds: readonly Kind[] = ['int32', 'int64', 'float64', 'utf8', 'bool', 'timestamp[ms]']
const texts = ['', 'a', 'Bonn', 'Rome', 'twelve bytes', 'thirteen byte', 'a text of more than twelve bytes', 'äöü€😀']

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.int(list.length)]!

/** A value of a kind, never null. */
export function sampleCell(random: Random, kind: Kind): Cell {
  switch (kind) {
    case 'int32':
      return random.int(21) - 10
    case 'int64':
      return BigInt(random.int(13) - 6) * (random.int(6) === 0 ? 2n ** 40n : 1n)
    case 'float64':
      return random.int(12) === 0 ? Number.NaN : (random.int(81) - 40) / 4
    case 'utf8':
      return pick(random, texts)
    case 'bool':
      return random.int(2) === 1
    case 'timestamp[ms]':
      return 1_700_000_000_000 + random.int(10) * 86_400_000 + random.int(3) * 3_600_000
  }
}

const named = (columns: Columns, kind: Kind) => Object.keys(columns).filter(name => columns[name]!.kind === kind)

/** An expression of a kind over the columns. */
export function sampleExpression(random: Random, columns: Columns, kind: Kind, depth: number): Sample {
  const names = named(columns, kind)
  if (depth === 0 || random.int(4) === 0) return names.length > 0 && random.int(5) > 0 ? columnSample(columns, pick(random, names)) : literalSample(random, kind)
  const inner = (k: Kind) => sampleExpression(random, columns, k, depth - 1)
  if (random.int(5) === 0) return conditional(inner('bool'), inner(kind), inner(kind))
  if (random.int(6) === 0) return coalesced(inner(kind), inner(kind))
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'float64':
      return arithmetic(random, inner(kind), inner(kind))
    case 'utf8':
      return textOf(random, inner('utf8'), inner('utf8'))
    case 'bool':
      return condition(random, columns, depth)
    case 'timestamp[ms]':
      return unary(inner(kind), 'truncate', e => e.truncate('day'), v => Math.floor((v as number) / 86_400_000) * 86_400_000)
  }
}

function columnSample(columns: Columns, name: string): Sample {
  return { text: name, expr: col(name), kind: columns[name]!.kind, nullable: columns[name]!.nullable, value: row => row[name]! }
}

function literalSample(random: Random, kind: Kind): Sample {
  const value = sampleCell(random, kind)
  const literal = kind === 'timestamp[ms]' ? new Date(value as number) : value
  const expr = (lit(literal as never) as any).cast(kind)
  return { text: typeof value === 'bigint' ? `${value}n` : JSON.stringify(value), expr, kind, nullable: false, value: () => value }
}

function unary(a: Sample, name: string, expr: (e: any) => any, value: (v: NonNullable<Cell>) => Cell, kind = a.kind): Sample {
  return {
    text: `${name}(${a.text})`,
    expr: expr(a.expr),
    kind,
    nullable: a.nullable,
    value: row => {
      const v = a.value(row)
      return v === null ? null : value(v)
    },
  }
}

function binary(a: Sample, b: Sample, name: string, expr: (x: any, y: any) => any, value: (x: any, y: any) => Cell, kind: Kind): Sample {
  return {
    text: `(${a.text} ${name} ${b.text})`,
    expr: expr(a.expr, b.expr),
    kind,
    nullable: a.nullable || b.nullable,
    value: row => {
      const [x, y] = [a.value(row), b.value(row)]
      return x === null || y === null ? null : value(x, y)
    },
  }
}

function arithmetic(random: Random, a: Sample, b: Sample): Sample {
  switch (random.int(4)) {
    case 0:
      return binary(a, b, '+', (x, y) => x.add(y), (x, y) => x + y, a.kind)
    case 1:
      return binary(a, b, '-', (x, y) => x.sub(y), (x, y) => x - y, a.kind)
    case 2:
      if (a.kind === 'float64') return binary(a, b, '*', (x, y) => x.mul(0.5).add(y), (x, y) => x * 0.5 + y, a.kind)
      return unary(a, 'neg', e => e.neg(), v => (typeof v === 'bigint' ? -v : 0 - (v as number)), a.kind)
    default:
      return unary(a, 'abs', e => e.abs(), v => ((v as number) < 0 ? -(v as number) : v), a.kind)
  }
}

function textOf(random: Random, a: Sample, b: Sample): Sample {
  switch (random.int(4)) {
    case 0:
      return binary(a, b, '||', (x, y) => x.concat(y), (x, y) => x + y, 'utf8')
    case 1:
      return unary(a, 'upper', e => e.upper(), v => (v as string).toUpperCase())
    case 2:
      return unary(a, 'lower', e => e.lower(), v => (v as string).toLowerCase())
    default:
      return unary(a, 'substring', e => e.substring(1, 4), v => [...(v as string)].slice(1, 4).join(''))
  }
}

function conditional(c: Sample, a: Sample, b: Sample): Sample {
  return {
    text: `(${c.text} ? ${a.text} : ${b.text})`,
    expr: (when(c.expr) as any).then(a.expr).otherwise(b.expr),
    kind: a.kind,
    nullable: a.nullable || b.nullable,
    value: row => (c.value(row) === true ? a.value(row) : b.value(row)),
  }
}

function coalesced(a: Sample, b: Sample): Sample {
  return { text: `(${a.text} ?? ${b.text})`, expr: a.expr.fillNull(b.expr), kind: a.kind, nullable: a.nullable && b.nullable, value: row => a.value(row) ?? b.value(row) }
}

const comparisons = [
  ['=', 'eq', (x: any, y: any) => x === y],
  ['!=', 'ne', (x: any, y: any) => x !== y],
  ['<', 'lt', (x: any, y: any) => x < y],
  ['<=', 'le', (x: any, y: any) => x <= y],
  ['>', 'gt', (x: any, y: any) => x > y],
  ['>=', 'ge', (x: any, y: any) => x >= y],
] as const

/** Strings by code points, as the engine has it: JavaScript's < goes by UTF-16. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function condition(random: Random, columns: Columns, depth: number): Sample {
  const inner = (kind: Kind) => sampleExpression(random, columns, kind, depth - 1)
  const kind = pick(random, kinds)
  switch (random.int(6)) {
    case 0: {
      const [a, b] = [inner('bool'), inner('bool')]
      const isAnd = random.int(2) === 0
      const settles = !isAnd
      return {
        text: `(${a.text} ${isAnd ? 'and' : 'or'} ${b.text})`,
        expr: isAnd ? a.expr.and(b.expr) : a.expr.or(b.expr),
        kind: 'bool',
        nullable: a.nullable || b.nullable,
        value: row => {
          const [x, y] = [a.value(row), b.value(row)]
          return x === settles || y === settles ? settles : x === null || y === null ? null : !settles
        },
      }
    }
    case 1:
      return unary(inner('bool'), 'not', e => e.not(), v => !v)
    case 2: {
      const a = inner(kind)
      return { text: `(${a.text} is null)`, expr: a.expr.isNull(), kind: 'bool', nullable: false, value: row => a.value(row) === null }
    }
    case 3:
      return binary(inner('utf8'), inner('utf8'), 'startsWith', (x, y) => x.startsWith(y), (x, y) => x.startsWith(y), 'bool')
    default: {
      const [symbol, method, holds] = pick(random, comparisons)
      const [a, b] = [inner(kind), inner(kind)]
      const isText = kind === 'utf8'
      const compare = (x: any, y: any) => (isText ? holds(byCodePoints(x, y), 0) : holds(x, y))
      return binary(a, b, symbol, (x, y) => x[method](y), compare, 'bool')
    }
  }
}
