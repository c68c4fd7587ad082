// Which columns of two files are compared, and how: by value where their types have values in common, by text where one of them is text, not at all
// where neither is so.
import { PlanError } from '../../base/errors.ts'
import { didYouMean } from '../../base/names.ts'
import { type DataType, float64, isFloat, isNumeric, utf8 } from '../../batch/data-type.ts'
import { type Field, type Fields, fieldOf } from '../../batch/schema.ts'
import { nameOfType, typeName } from '../../batch/type-name.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from '../../expr/expression.ts'
import { comparedTypes } from '../../expr/functions/compare.ts'
import { widerType } from '../../expr/unify.ts'

/**
 * A column that both files have. `type`: of both where they are compared as one. `by` 'value': exactly, whatever their types; 'cast': decimals beside floats as float64, and
 * floats that were found in text as the narrower ones beside them; 'text': one is text and is read as the other; 'json': nested ones as JSON.
 */
export interface ColumnPair {
  readonly name: string
  readonly a: Field
  readonly b: Field
  readonly by: 'value' | 'cast' | 'text' | 'json'
  readonly type: DataType
}

/** Two files' columns side by side. */
export interface ColumnPairs {
  readonly onlyA: Fields
  readonly onlyB: Fields
  /** What is compared, but for the keys. */
  readonly pairs: readonly ColumnPair[]
  readonly keys: readonly ColumnPair[]
  /** Columns of types without common values. */
  readonly unlike: readonly { readonly a: Field; readonly b: Field }[]
  /** The columns of both stand in another order. */
  readonly reordered: boolean
}

/** What the command line says of columns. */
export interface PairOptions {
  readonly key?: readonly string[]
  readonly ignore?: readonly string[]
  readonly select?: readonly string[]
  /** Whether the numbers of a file stand in it as text, which has no float32. */
  readonly isText?: { readonly a: boolean; readonly b: boolean }
}

/** Throws PlanError NO_COLUMN, or DIFF_KEY where keys can't be compared. `fileA` and `fileB` are for messages. */
export function pairColumns(a: Fields, b: Fields, options: PairOptions, fileA: string, fileB: string): ColumnPairs {
  const { key = [], ignore = [], select, isText = { a: false, b: false } } = options
  const everyName = [...new Set([...a, ...b].map(field => field.name))]
  for (const [flag, names] of [['--ignore', ignore], ['--select', select ?? []]] as const) {
    const missing = names.find(name => !everyName.includes(name))
    if (missing !== undefined) throw new PlanError('NO_COLUMN', `${flag}: neither file has a column "${missing}"; they have ${everyName.join(', ')}${didYouMean(missing, everyName)}`)
  }
  const keys = key.map(name => keyPair(fieldOf(a, name, `--key, ${fileA}`), fieldOf(b, name, `--key, ${fileB}`)))
  const isCompared = ({ name }: Field) => !key.includes(name) && !ignore.includes(name) && (select === undefined || select.includes(name))
  const [ours, theirs] = [a.filter(isCompared), b.filter(isCompared)]
  const common = ours.flatMap(field => theirs.filter(other => other.name === field.name).map(other => ({ a: field, b: other, pair: pairOf(field, other, isText) })))
  const names = common.map(({ a: field }) => field.name)
  return {
    onlyA: ours.filter(({ name }) => !names.includes(name)),
    onlyB: theirs.filter(({ name }) => !names.includes(name)),
    pairs: common.flatMap(({ pair }) => pair ?? []),
    keys,
    unlike: common.filter(({ pair }) => pair === undefined),
    reordered: theirs.filter(({ name }) => names.includes(name)).some(({ name }, i) => name !== names[i]),
  }
}

const isNested = ({ kind }: DataType) => ['list', 'fixedList', 'struct', 'map'].includes(kind)

function pairOf(a: Field, b: Field, isText = { a: false, b: false }): ColumnPair | undefined {
  const { name } = a
  const [kindA, kindB] = [a.type.kind, b.type.kind]
  if (isFloat(a.type) && isFloat(b.type) && kindA !== kindB && ((isText.a && kindA === 'float64') || (isText.b && kindB === 'float64'))) return { name, a, b, by: 'cast', type: kindA === 'float64' ? b.type : a.type }
  if ((kindA === 'decimal' && isFloat(b.type)) || (kindB === 'decimal' && isFloat(a.type))) return { name, a, b, by: 'cast', type: float64 }
  if (comparedTypes({ type: a.type, nullable: true }, { type: b.type, nullable: true })) return { name, a, b, by: 'value', type: widerType(a.type, b.type)! }
  const texts = [a, b].filter(({ type }) => type.kind === 'utf8').length
  const nested = [a, b].filter(({ type }) => isNested(type))
  if (nested.length > 0) return nested.length + texts === 2 ? { name, a, b, by: 'json', type: utf8 } : undefined
  return texts === 1 ? { name, a, b, by: 'text', type: a.type.kind === 'utf8' ? b.type : a.type } : undefined
}

// A key's text would have to be spelled alike, so keys are compared as texts where one is text.
function keyPair(a: Field, b: Field): ColumnPair {
  const pair = pairOf(a, b)
  if (!pair) throw new PlanError('DIFF_KEY', `--key: "${a.name}" is ${nameOfType(a.type)} in one file and ${nameOfType(b.type)} in the other, which have no values in common; choose another key`)
  return pair.by === 'text' ? { ...pair, type: utf8 } : pair
}

const call = callExpression

/** A column's value as the pair compares it: of the pair's type. What that has no value for is null (see `misfit`), or in a key an error. */
export function comparable(pair: ColumnPair, side: 'a' | 'b', of: Expression, isKey = false): Expression {
  const { type } = pair[side]
  if (pair.by === 'json') return type.kind === 'utf8' ? of : call('toJson', [of])
  return nameOfType(type) === nameOfType(pair.type) ? of : call(isKey ? 'cast' : 'tryCast', [of], { to: typeName(pair.type) })
}

/** Whether the pair's type may lack values of one of the columns. */
export function mayMisfit({ a, b, by }: ColumnPair): boolean {
  return by !== 'json' && nameOfType(a.type) !== nameOfType(b.type)
}

/** The text of a value that the pair's type lacks, else null. */
export function misfit(pair: ColumnPair, side: 'a' | 'b', of: Expression): Expression {
  return call('when', [isMisfit(pair, side, of), call('cast', [of], { to: 'utf8' }), literalExpression(null)])
}

function isMisfit(pair: ColumnPair, side: 'a' | 'b', of: Expression): Expression {
  return call('and', [call('isNull', [comparable(pair, side, of)]), call('isNotNull', [of])])
}

/** Whether two values of a pair's columns differ, where each is as its file has it: nulls equal nulls, NaN equals NaN, numbers are compared exactly, or within `tolerance`. */
export function differs(pair: ColumnPair, a: Expression, b: Expression, tolerance: number | undefined): Expression {
  if (pair.by === 'value') return differsAs(pair.a.type, pair.b.type, a, b, tolerance)
  const [readA, readB] = [comparable(pair, 'a', a), comparable(pair, 'b', b)]
  if (pair.by === 'json') return call('neNullSafe', [readA, readB])
  return [isMisfit(pair, 'a', a), isMisfit(pair, 'b', b)].reduce((either, also) => call('or', [either, also]), differsAs(pair.type, pair.type, readA, readB, tolerance))
}

/** As `differs`, of values that `comparable` has made. */
export function differsAs(typeA: DataType, typeB: DataType, a: Expression, b: Expression, tolerance: number | undefined): Expression {
  const unequal = call('neNullSafe', [a, b])
  const isNaN = (type: DataType, of: Expression) => (isFloat(type) ? call('isTrue', [call('isNaN', [of])]) : literalExpression(false))
  const differ = isFloat(typeA) && isFloat(typeB) ? call('and', [unequal, call('not', [call('and', [isNaN(typeA, a), isNaN(typeB, b)])])]) : unequal
  if (tolerance === undefined || !isNumeric(typeA) || !isNumeric(typeB)) return differ
  const [x, y] = [a, b].map(of => call('cast', [of], { to: 'float64' }))
  const isNear = call('isTrue', [call('le', [call('abs', [call('sub', [x!, y!])]), literalExpression(tolerance)])])
  return call('and', [differ, call('not', [isNear])])
}

/** The columns of a select: expressions by name. */
export function selection(entries: readonly (readonly [string, Expression])[]): Record<string, Expression> {
  return Object.fromEntries(entries)
}

/** A column by name. */
export const column = columnExpression
