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

// The parameters that may hold selectors among names, by kind.
const named: Readonly<Record<string, readonly string[]>> = {
  drop: ['names'],
  dropNull: ['names'],
  distinct: ['names'],
  dedup: ['by'],
  fillNull: ['names'],
  groupBy: ['keys'],
  topK: ['by'],
  unpivot: ['on', 'index'],
}
const ordered = new Set(['sort', 'topK', 'dedup'])

/** The step with names in place of selectors; itself where it has none. Throws as `pickedNames`, and PlanError DUPLICATE_COLUMN. */
export function expandSelectors(node: OperatorNode, fields: Fields): OperatorNode {
  if (node.kind === 'pick') {
    const { columns } = node.params as unknown as PickParams
    return { ...node, kind: 'select', params: selectNames(pickedNames(columns, fields, node.id)) }
  }
  if (node.kind === 'mapColumns') return { ...node, kind: 'with', params: { columns: mapped(node, fields) } as unknown as Json }
  const params = node.params as Readonly<Record<string, readonly Json[] | undefined>>
  const found: Record<string, Json> = {}
  for (const name of named[node.kind] ?? []) if (params[name]?.some(isSelector)) found[name] = pickedNames(params[name] as unknown as Pick[], fields, node.id)
  if (ordered.has(node.kind) && params['keys']?.some(isPickedOrder)) found['keys'] = once(params['keys'].flatMap(key => ordersOf(key, fields, node.id)))
  return Object.keys(found).length === 0 ? node : { ...node, params: { ...params, ...found } as Json }
}

function isPickedOrder(key: Json): key is { pick: Json } {
  return isSelector((key as { pick?: Json }).pick)
}

// The order by each of the columns, in one direction.
function ordersOf(key: Json, fields: Fields, where: string): Json[] {
  if (!isPickedOrder(key)) return [key]
  const { pick, ...way } = key
  return pickedNames([pick as unknown as Pick], fields, where).map(column => ({ column, ...way }))
}

// A column that comes again says nothing more about the order.
function once(keys: readonly Json[]): Json[] {
  const columns = keys.map(key => (key as { column?: string }).column)
  return keys.filter((_, i) => columns[i] === undefined || columns.indexOf(columns[i]) === i)
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
