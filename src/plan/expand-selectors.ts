// Selectors of columns become the columns' names, before any other rule looks at a step: all rules see plain names. Once for the whole job: a rule
// that leaves columns out must not change what a selector finds.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { columnExpression, type Expression, typedLiteral } from '../expr/expression.ts'
import { substitute } from '../expr/rewrite.ts'
import { isSelector, type Pick, pickedNames } from '../expr/selector.ts'
import { selectNames } from '../operators/project.ts'
import type { OperatorNode } from './plan.ts'

/** Parameters of the logical `pick`: what `select` has by names and selectors. */
export interface PickParams {
  readonly columns: readonly Pick[]
}

/** Parameters of the logical `mapColumns`: an expression of a column and its name, which stand in it as `$column` and `$name`; a suffix adds columns. */
export interface MapColumnsParams {
  readonly columns: readonly Pick[]
  readonly each: Expression
  readonly suffix?: string
}

// Kinds whose `names` may hold selectors.
const named = new Set(['drop', 'dropNull', 'distinct', 'fillNull'])

/** The step with names in place of selectors; itself where it has none. Throws as `pickedNames`, and PlanError DUPLICATE_COLUMN. */
export function expandSelectors(node: OperatorNode, fields: Fields): OperatorNode {
  if (node.kind === 'pick') {
    const { columns } = node.params as unknown as PickParams
    return { ...node, kind: 'select', params: selectNames(pickedNames(columns, fields, node.id)) }
  }
  if (node.kind === 'mapColumns') return { ...node, kind: 'with', params: { columns: mapped(node, fields) } as unknown as Json }
  const names = named.has(node.kind) ? (node.params as { names?: readonly Json[] }).names : undefined
  if (!names?.some(isSelector)) return node
  return { ...node, params: { ...(node.params as object), names: pickedNames(names as unknown as Pick[], fields, node.id) } }
}

function mapped(node: OperatorNode, fields: Fields): Record<string, Expression> {
  const { columns, each, suffix = '' } = node.params as unknown as MapColumnsParams
  const names = pickedNames(columns, fields, node.id)
  const twice = suffix === '' ? undefined : names.find(name => visible(fields).some(f => f.name === name + suffix))
  if (twice !== undefined)
    throw new PlanError('DUPLICATE_COLUMN', `${node.id}: "${twice}" with the suffix "${suffix}" would be named as the column "${twice}${suffix}" that is there; give another suffix`)
  const of = (name: string) => substitute(each, new Map<string, Expression>([['$column', columnExpression(name)], ['$name', typedLiteral('utf8', name)]]))
  return Object.fromEntries(names.map(name => [name + suffix, of(name)]))
}
