// Bounds among the conditions of a join: `left.at >= right.start and left.at < right.end`. Stored rows can be sorted by what has bounds, so that only rows within
// them are looked at. What is taken as a bound holds exactly, and isn't looked at again.
import { type DataType, sameType } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { OrderWords } from '../compute/join-order.ts'
import { type RangeBounds, type RangeForm, rangeWords } from '../compute/join-ranges.ts'
import { bindExpression } from '../expr/bind.ts'
import { callExpression, columnExpression, type Expression } from '../expr/expression.ts'
import { allOf, columnsOf, conjunctsOf, isSafe, substitute } from '../expr/rewrite.ts'

/** What a condition comes to: bounds by the names of columns, what else must hold, and the columns that are to be computed on either side. */
export interface RangeCondition {
  readonly range: RangeForm<string>
  readonly rest: Expression | undefined
  readonly own: Readonly<Record<string, Expression>>
  readonly stored: Readonly<Record<string, Expression>>
}

/** One side of a join: its fields, and what its columns are called in the condition. */
export interface RangeSide {
  readonly fields: Fields
  readonly prefix: 'left.' | 'right.'
}

interface Bound {
  readonly own: Expression
  readonly stored: Expression
  readonly isLower: boolean
  readonly strict: boolean
  readonly words: OrderWords
  readonly part: Expression
}

const comparisons: Readonly<Record<string, { readonly isLower: boolean; readonly strict: boolean }>> = {
  ge: { isLower: true, strict: false },
  gt: { isLower: true, strict: true },
  le: { isLower: false, strict: false },
  lt: { isLower: false, strict: true },
}

/** The bounds of `condition`; undefined where it has none. `safely`: expressions that a row can make fail are not computed for rows without a partner. */
export function rangeCondition(condition: Expression, own: RangeSide, stored: RangeSide, safely: boolean, where: string): RangeCondition | undefined {
  const parts = conjunctsOf(condition).flatMap(between)
  const bounds = parts.flatMap(part => boundOf(part, own, stored, safely, where) ?? [])
  const first = firstOf(bounds)
  if (first.length === 0) return undefined
  const columns = { own: new Columns(own.fields, own.prefix), stored: new Columns(stored.fields, stored.prefix) }
  const bounded = (taken: readonly Bound[]): RangeBounds<string> => {
    const end = (isLower: boolean) => {
      const bound = taken.find(b => b.isLower === isLower)
      return bound && { own: columns.own.named(bound.own), strict: bound.strict }
    }
    const [lower, upper] = [end(true), end(false)]
    return { stored: columns.stored.named(taken[0]!.stored), form: taken[0]!.words, ...(lower && { lower }), ...(upper && { upper }) }
  }
  const second = bounds.find(bound => !isSame(bound.stored, first[0]!.stored))
  const used = new Set([...first, ...(second ? [second] : [])].map(bound => bound.part))
  const rest = parts.filter(part => !used.has(part))
  return {
    range: { first: bounded(first), ...(second && { second: bounded([second]) }) },
    rest: rest.length > 0 ? allOf(rest) : undefined,
    own: columns.own.computed,
    stored: columns.stored.computed,
  }
}

// The stored value with most bounds: at best one from below and one from above, of one kind of words.
function firstOf(bounds: readonly Bound[]): Bound[] {
  const pairs = bounds.map(bound => {
    const other = bounds.find(b => isSame(b.stored, bound.stored) && b.isLower !== bound.isLower && JSON.stringify(b.words) === JSON.stringify(bound.words))
    return other ? [bound, other] : [bound]
  })
  return pairs.find(pair => pair.length === 2) ?? pairs[0] ?? []
}

const isSame = (a: Expression, b: Expression) => JSON.stringify(a) === JSON.stringify(b)

function between(part: Expression): Expression[] {
  if (part.kind !== 'call' || part.fn !== 'between' || part.options !== undefined || part.args.length !== 3) return [part]
  const [value, from, to] = part.args as [Expression, Expression, Expression]
  return [callExpression('ge', [value, from]), callExpression('le', [value, to])]
}

function boundOf(part: Expression, own: RangeSide, stored: RangeSide, safely: boolean, where: string): Bound | undefined {
  const comparison = part.kind === 'call' && part.args.length === 2 ? comparisons[part.fn] : undefined
  if (!comparison) return undefined
  const [a, b] = (part as { args: readonly Expression[] }).args as [Expression, Expression]
  const isOf = (e: Expression, { prefix }: RangeSide) => columnsOf(e).size > 0 && [...columnsOf(e)].every(name => name.startsWith(prefix))
  const isTurned = isOf(a, own) && isOf(b, stored)
  if (!isTurned && !(isOf(a, stored) && isOf(b, own))) return undefined
  const [mine, theirs] = isTurned ? [a, b] : [b, a]
  if (safely && !(isSafe(mine) && isSafe(theirs))) return undefined
  const words = wordsOf(typeOf(mine, own, where), typeOf(theirs, stored, where))
  return words && { own: mine, stored: theirs, isLower: isTurned ? !comparison.isLower : comparison.isLower, strict: comparison.strict, words, part }
}

// Integers of either sign compare as words; a date beside a timestamp, or an integer beside a float, doesn't.
function wordsOf(own: DataType | undefined, stored: DataType | undefined): OrderWords | undefined {
  if (!own || !stored) return undefined
  return own.kind === stored.kind && own.kind !== 'decimal' && !sameType(own, stored) && own.kind !== 'timestamp' ? undefined : rangeWords(own, stored)
}

function typeOf(expression: Expression, { fields, prefix }: RangeSide, where: string): DataType | undefined {
  try {
    return bindExpression(expression, fields.map(field => ({ ...field, name: prefix + field.name })), where).type
  } catch {
    // The condition as a whole says what is wrong with it.
    return undefined
  }
}

class Columns {
  readonly computed: Record<string, Expression> = {}
  readonly #names: ReadonlyMap<string, Expression>
  readonly #prefix: string
  constructor(fields: Fields, prefix: string) {
    this.#prefix = prefix
    this.#names = new Map(fields.map(({ name }) => [prefix + name, columnExpression(name)]))
  }

  named(expression: Expression): string {
    if (expression.kind === 'column') return expression.name.slice(this.#prefix.length)
    const known = Object.entries(this.computed).find(([, other]) => isSame(other, substitute(expression, this.#names)))
    const name = known?.[0] ?? `$bound${Object.keys(this.computed).length}`
    this.computed[name] = substitute(expression, this.#names)
    return name
  }
}
