// Columns computed, chosen, renamed and dropped: with, select, rename, drop. Columns that stay are not copied; hidden ones always stay.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { columnIndex, type Field, type Fields, isHidden, noColumn } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { bindExpression } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import { evaluateAll } from '../expr/evaluate.ts'
import { columnExpression, type Expression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { shareExpressions } from '../expr/share.ts'
import type { Operator, OperatorContext, OperatorType } from './operator.ts'

/**
 * Parameters of `with` and `select`: expressions by the names of their results. `order`: the names in order, where an object would have another (names
 * that are whole numbers come first in it).
 */
export type ProjectParams = { readonly columns: { readonly [name: string]: Expression & Json }; readonly order?: readonly string[] }
/** Parameters of `rename`: new names by old ones. */
export type RenameParams = { readonly names: { readonly [name: string]: string } }
/** Parameters of `drop`. */
export type DropParams = { readonly names: readonly string[] }

/** A column of a projection's output: what it is called, and how it comes of the input. */
export interface Projection {
  readonly field: Field
  readonly bound: Bound
}

function project(input: Fields, columns: { readonly [name: string]: Expression }, where: string): Projection[] {
  return Object.entries(columns).map(([name, expression]) => {
    const bound = bindExpression(expression, input, where)
    return { field: { name, type: bound.type, nullable: bound.nullable }, bound }
  })
}

function kept(input: Fields, keep: (field: Field) => boolean): Projection[] {
  return input.flatMap((field, index) =>
    keep(field) ? [{ field, bound: { kind: 'column', index, type: field.type, nullable: field.nullable } as const }] : [],
  )
}

// New columns are seen by none of their siblings: all are computed from the input. One that is there keeps its place.
function withColumns(input: Fields, { columns }: ProjectParams, where: string): Projection[] {
  const made = new Map(project(input, columns, where).map(p => [p.field.name, p]))
  const replaced = kept(input, () => true).map(p => made.get(p.field.name) ?? p)
  const names = new Set(input.map(f => f.name))
  return [...replaced, ...[...made.values()].filter(p => !names.has(p.field.name))]
}

function selectColumns(input: Fields, { columns, order }: ProjectParams, where: string): Projection[] {
  const made = project(input, columns, where)
  const ordered = order ? order.map(name => made.find(p => p.field.name === name)!) : made
  return [...ordered, ...kept(input, f => isHidden(f.name) && !(f.name in columns))]
}

function renameColumns(input: Fields, { names }: RenameParams, where: string): Projection[] {
  for (const name of Object.keys(names)) columnIndex(input, name, where)
  const renamed = kept(input, () => true).map(p => ({
    ...p,
    field: { ...p.field, name: Object.hasOwn(names, p.field.name) ? names[p.field.name]! : p.field.name },
  }))
  const seen = new Set<string>()
  for (const { field } of renamed) {
    if (seen.has(field.name)) throw new PlanError('DUPLICATE_COLUMN', `${where}: two columns would be named "${field.name}"; rename or drop the other one`)
    seen.add(field.name)
  }
  return renamed
}

function dropColumns(input: Fields, { names }: DropParams, where: string): Projection[] {
  for (const name of names) if (!input.some(f => f.name === name)) throw noColumn(name, input, where)
  return kept(input, f => !names.includes(f.name))
}

const plans = { with: withColumns, select: selectColumns, rename: renameColumns, drop: dropColumns } as const

/** The kinds of operators that compute each row's columns from that row alone. */
export const projectionKinds: readonly string[] = Object.keys(plans)

/** The columns that an operator of one of `projectionKinds` gives. Throws as its `fields`. */
export function projectionsOf(kind: string, params: Json, input: Fields, where: string): Projection[] {
  return plans[kind as 'with'](input, params as never, where)
}

function projection<P extends Json>(
  kind: string,
  plan: (input: Fields, params: P, where: string) => Projection[],
  describe: (params: P) => string,
): OperatorType<P> {
  return {
    kind,
    inputCount: 1,
    takesChanges: true,
    placement: () => 'any',
    fields: ([input], params, where) => plan(input!, params, where).map(p => p.field),
    describe,
    create: (context, params, [input]) => projector(context, plan(input!, params, context.where)),
  }
}

function projector(context: OperatorContext, projections: readonly Projection[]): Operator {
  const fields = projections.map(p => p.field)
  const expressions = shareExpressions(projections.map(p => p.bound))
  return {
    push(batch, out) {
      const { device, arena } = context
      const source: Batch = share(device, arena, batch)
      const columns = evaluateAll(device, arena, expressions, source, context.where)
      out.emit({ fields, rowCount: batch.rowCount, columns, arena: source.arena })
    },
  }
}

const listText = ({ columns }: ProjectParams) =>
  Object.entries(columns)
    .map(([name, e]) => (e.kind === 'column' && e.name === name ? name : `${name}: ${describeExpression(e)}`))
    .join(', ')

/** Adds columns, or replaces those of the same name. */
export const withOperator = projection<ProjectParams>('with', withColumns, params => `with ${listText(params)}`)

/** Keeps only the named results, in that order. */
export const selectOperator = projection<ProjectParams>('select', selectColumns, params => `select ${listText(params)}`)

/** New names for some columns. Throws PlanError DUPLICATE_COLUMN when two would be the same. */
export const renameOperator = projection<RenameParams>(
  'rename',
  renameColumns,
  ({ names }) =>
    `rename ${Object.entries(names)
      .map(([from, to]) => `${from} to ${to}`)
      .join(', ')}`,
)

/** All columns but some. */
export const dropOperator = projection<DropParams>('drop', dropColumns, ({ names }) => `drop ${names.join(', ')}`)

/** Parameters of a `select` of these results, in this order. */
export function selectParams(entries: readonly (readonly [name: string, expression: Expression])[]): ProjectParams {
  const columns = Object.fromEntries(entries) as ProjectParams['columns']
  const order = entries.map(([name]) => name)
  return Object.keys(columns).every((name, i) => name === order[i]) ? { columns } : { columns, order: [...new Set(order)] }
}

/** Parameters of a `select` by names. */
export function selectNames(names: readonly string[]): ProjectParams {
  return selectParams(names.map(name => [name, columnExpression(name)]))
}
