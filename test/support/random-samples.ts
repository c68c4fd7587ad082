// Expressions beside what they mean: the parts that random expressions are put together from.
import type { Random } from '../../src/base/random.ts'
import { col, lit, when } from '../../src/frame/expr.ts'
import { type Cell, type Columns, type Kind, type Row, sampleCell } from './random-types.ts'

/** An expression, the engine's and what it means. */
export interface Sample {
  readonly text: string
  readonly expr: any
  readonly kind: Kind
  readonly nullable: boolean
  value(row: Row): Cell
}

/** A column. */
export function columnSample(columns: Columns, name: string): Sample {
  return { text: name, expr: col(name), kind: columns[name]!.kind, nullable: columns[name]!.nullable, value: row => row[name]! }
}

/** A constant; null of the types that have no literals. */
export function literalSample(random: Random, kind: Kind): Sample {
  const isPlain = !/^(binary|time\[|timestamp\[(s|us|ns|ms,)|duration|interval|list|struct|map|null)/.test(kind)
  const value = isPlain ? sampleCell(random, kind) : null
  const literal = kind === 'timestamp[ms]' || kind === 'date' ? new Date(value as number) : value
  const expr = (lit(literal as never) as any).cast(kind)
  return { text: typeof value === 'bigint' ? `${value}n` : String(value), expr, kind, nullable: value === null, value: () => value }
}

/** A function of one value; null gives null. */
export function unary(a: Sample, name: string, expr: (e: any) => any, value: (v: NonNullable<Cell>) => Cell, kind = a.kind): Sample {
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

/** A function of two values; null gives null. */
export function binary(a: Sample, b: Sample, name: string, expr: (x: any, y: any) => any, value: (x: any, y: any) => Cell, kind: Kind): Sample {
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

/** One value where a condition is true, else another. */
export function conditional(c: Sample, a: Sample, b: Sample): Sample {
  return {
    text: `(${c.text} ? ${a.text} : ${b.text})`,
    expr: (when(c.expr) as any).then(a.expr).otherwise(b.expr),
    kind: a.kind,
    nullable: a.nullable || b.nullable,
    value: row => (c.value(row) === true ? a.value(row) : b.value(row)),
  }
}

/** The first that is not null. */
export function coalesced(a: Sample, b: Sample): Sample {
  return { text: `(${a.text} ?? ${b.text})`, expr: a.expr.fillNull(b.expr), kind: a.kind, nullable: a.nullable && b.nullable, value: row => a.value(row) ?? b.value(row) }
}

/** Comparisons: their symbol, their method, and whether a comparison by numbers holds. */
export const comparisons = [
  ['=', 'eq', (x: any, y: any) => x === y],
  ['!=', 'ne', (x: any, y: any) => x !== y],
  ['<', 'lt', (x: any, y: any) => x < y],
  ['<=', 'le', (x: any, y: any) => x <= y],
  ['>', 'gt', (x: any, y: any) => x > y],
  ['>=', 'ge', (x: any, y: any) => x >= y],
] as const
