// A pattern's parameters, checked against the input: which columns are kept, what each variable asks of a row by itself and of the match so far, and what the measures are.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { bindCondition, bindExpression } from '../expr/bind.ts'
import { callExpression, columnsOf, type Expression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { accept, type MatchPattern, parsePattern } from './match-pattern.ts'
import { type MatchReference, References } from './match-references.ts'
import { checkTime, watermarkColumn, watermarkField } from './watermark.ts'

/** Where matching goes on behind a match. */
export type MatchSkip = 'past-last-row' | 'to-next-row' | { readonly toFirst: string } | { readonly toLast: string }

/** Parameters of `match`. */
export type MatchParams = {
  readonly by: readonly string[]
  readonly time: string
  readonly withinMs?: number
  readonly pattern: string
  readonly define: { readonly [variable: string]: Expression & Json }
  readonly measures: { readonly [name: string]: Expression & Json }
  readonly skip: MatchSkip
}

/** What a variable asks: a condition on the row and rows before it, and conditions that look at the match too. Bound to the stored columns and the references. */
export interface MatchCondition {
  readonly byRow?: Bound
  readonly byMatch: readonly Bound[]
}

/** A pattern ready to be matched. */
export interface MatchProgram {
  readonly pattern: MatchPattern
  /** The columns that are kept of each row, the keys first. */
  readonly stored: Fields
  readonly time: number
  readonly references: readonly MatchReference[]
  readonly conditions: readonly MatchCondition[]
  readonly measures: readonly Bound[]
  /** How many rows before a match's first row may still be read. */
  readonly keepBefore: number
  readonly skip: { readonly to: 'past-last-row' | 'to-next-row' | 'first' | 'last'; readonly variable: number }
  readonly fields: Fields
}

/** Checks and types. Throws PlanError PATTERN, MATCH_VARIABLE, MATCH_SKIP, MATCH, NO_COLUMN, and as expressions do. */
export function matchProgram(input: Fields, params: MatchParams, where: string): MatchProgram {
  checkTime(input, params.time, where)
  if (params.withinMs !== undefined && (!Number.isInteger(params.withinMs) || params.withinMs <= 0)) throw new PlanError('MATCH', `${where}: within is ${params.withinMs} ms; give a time above 0`)
  const pattern = parsePattern(params.pattern, where)
  for (const name of Object.keys(params.define))
    if (!pattern.variables.includes(name)) throw new PlanError('MATCH_VARIABLE', `${where}: define has "${name}", which the pattern "${params.pattern}" doesn't; it has ${pattern.variables.join(', ')}${didYouMean(name, pattern.variables)}`)
  if (Object.keys(params.measures).length === 0) throw new PlanError('MATCH', `${where}: no measures; say what each match gives, such as m => ({ rows: m.count() })`)
  const references = new References(input, pattern.variables)
  const plain = (expression: Expression, at: string) => references.replace(expression, at)
  const defined = pattern.variables.map(name => (params.define[name] === undefined ? undefined : plain(params.define[name]!, `${where}, "${name}"`)))
  const definitions = references.found.length
  const measured = Object.entries(params.measures).map(([name, e]) => [name, plain(e, `${where}, "${name}"`)] as const)
  const names = new Set([...params.by, params.time])
  for (const e of [...Object.values(params.define), ...Object.values(params.measures)]) columnsOf(e, names)
  const stored = [...names].map(name => fieldOf(input, name, where))
  const found = references.found.map(r => ({ ...r, column: r.column < 0 ? -1 : stored.findIndex(f => f.name === input[r.column]!.name) }))
  const all = [...stored, ...found.map(r => r.field)]
  const bound = measured.map(([name, e]) => bindExpression(e, all, `${where}, "${name}"`))
  const keys = params.by.map(name => fieldOf(input, name, where))
  const conditions = defined.map((e, v) => (e ? conditionOf(e, all, stored.length, found, `${where}, "${pattern.variables[v]}"`) : { byMatch: [] }))
  if (conditions.filter(c => c.byRow).length > 31) throw new PlanError('MATCH', `${where}: more than 31 variables have conditions on their rows; use fewer`)
  return {
    pattern,
    stored,
    time: stored.findIndex(f => f.name === params.time),
    references: found,
    conditions,
    measures: bound,
    keepBefore: rowsBefore(pattern, defined, measured.map(([, e]) => e), found, definitions),
    skip: skipOf(params.skip, pattern, references, where),
    fields: outputFields(keys, measured.map(([name], i): Field => ({ name, type: bound[i]!.type, nullable: bound[i]!.nullable })), input, where),
  }
}

function outputFields(keys: Fields, measures: Fields, input: Fields, where: string): Fields {
  const fields = [...keys, ...measures, ...(input.some(f => f.name === watermarkColumn) ? [watermarkField] : [])]
  const twice = fields.find((field, i) => fields.findIndex(f => f.name === field.name) !== i)
  if (twice) throw new PlanError('DUPLICATE_COLUMN', `${where}: the result would have two columns "${twice.name}"; rename the measure`)
  return fields
}

// Terms of a conjunction that only look at the row and at rows before it are computed for all rows at once.
function conditionOf(expression: Expression, fields: Fields, storedCount: number, references: readonly MatchReference[], where: string): MatchCondition {
  bindCondition(expression, fields, where)
  const terms = (e: Expression): readonly Expression[] => (e.kind === 'call' && e.fn === 'and' ? e.args.flatMap(terms) : [e])
  const looksBack = (e: Expression) => [...columnsOf(e)].some(name => references.some(r => r.field.name === name && r.fn !== 'previous'))
  const all = terms(expression)
  const byRow = all.filter(e => !looksBack(e))
  const together = byRow.length === 0 ? undefined : byRow.reduce((a, b) => callExpression('and', [a, b]))
  return {
    ...(together && { byRow: bindCondition(together, fields, where) }),
    byMatch: all.filter(looksBack).map(e => bindCondition(e, fields, where)),
  }
}

function rowsBefore(pattern: MatchPattern, defined: readonly (Expression | undefined)[], measured: readonly Expression[], references: readonly MatchReference[], definitions: number): number {
  const reach = (e: Expression) => Math.max(0, ...[...columnsOf(e)].map(name => references.find(r => r.field.name === name && r.fn === 'previous')?.offset ?? 0))
  const inDefinitions = definitions === 0 ? [] : defined.map((e, v) => (e ? reach(e) - pattern.before[v]! : 0))
  return Math.max(0, ...inDefinitions, ...measured.map(e => reach(e) - (pattern.leastRows - 1)))
}

function skipOf(skip: MatchSkip, { variables, takes, first, next }: MatchPattern, references: References, where: string): MatchProgram['skip'] {
  if (skip === 'past-last-row' || skip === 'to-next-row') return { to: skip, variable: -1 }
  const given = skip as { toFirst?: string; toLast?: string } | null
  const name = given?.toFirst ?? given?.toLast
  if (typeof name !== 'string') throw new PlanError('MATCH_SKIP', `${where}: skip is ${JSON.stringify(skip)}; give 'past-last-row', 'to-next-row', { toFirst: variable } or { toLast: variable }`)
  const variable = references.variable(name, where)
  const to = given!.toFirst === undefined ? 'last' : 'first'
  const starts = first.every(s => s !== accept && takes[s] === variable)
  const onlyOnce = to === 'first' || !next.some((following, s) => following.some(t => t !== accept && takes[t] === variable) || (takes[s] === variable && !first.includes(s)))
  if (starts && onlyOnce)
    throw new PlanError('MATCH_SKIP', `${where}: every match begins with "${variables[variable]}", so matching would go on at the same row for ever; skip to a later variable, or 'to-next-row'`)
  return { to, variable }
}
