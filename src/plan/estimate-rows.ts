// How many rows each node of a plan may give, guessed before anything is read: from what sources say of themselves, and by plain guesses of what steps
// keep. Rules that choose between ways of doing the same thing go by it; results never depend on it.
import { fieldOf, type Fields } from '../batch/schema.ts'
import { layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Expression } from '../expr/expression.ts'
import { scanType } from './catalogue.ts'
import { heldRows } from './job-size.ts'
import type { Edge, OperatorNode, Plan, PlanNode, ScanNode } from './plan.ts'
import { type Bindings, edgeKey, factsOf, optionsOf, type ResolvedPlan } from './resolve.ts'

/** What is known of a node's rows: about how many; undefined where nothing is. */
export type RowEstimates = ReadonlyMap<string, number | undefined>

/** Of every node, its side outputs not counted. Cost: nodes. */
export function estimateRows(plan: Plan, resolved: ResolvedPlan, bindings: Bindings): RowEstimates {
  const rows = new Map<string, number | undefined>()
  for (const node of plan.nodes) rows.set(node.id, rowsOf(node, rows, resolved, bindings))
  return rows
}

function rowsOf(node: PlanNode, known: RowEstimates, resolved: ResolvedPlan, bindings: Bindings): number | undefined {
  switch (node.node) {
    case 'scan': {
      const found = resolved.nodes.find(n => n.id === node.id) as ScanNode | undefined
      return found && scanRows(found, factsOf(resolved.edges, { node: node.id }).fields)
    }
    case 'feed': {
      const held = heldRows(optionsOf(node, bindings))
      return Number.isFinite(held) ? held : undefined
    }
    case 'operator': {
      const inputs = node.inputs.map(input => (input.port === undefined ? known.get(input.node) : sideRows(input, resolved)))
      const estimate = operatorRows(node, inputs, () => resolved.edges.get(edgeKey(node.inputs[0]!))?.fields ?? [])
      return estimate === undefined ? undefined : Math.max(1, Math.round(estimate))
    }
    case 'sink':
      return undefined
  }
}

// Of side outputs only some scans say how many rows they have.
function sideRows({ node, port }: Edge, resolved: ResolvedPlan): number | undefined {
  const scan = resolved.nodes.find(n => n.id === node)
  return scan?.node === 'scan' && scanType(scan.kind).portAlone ? scanType(scan.kind).rowCount?.(scan.options, port) : undefined
}

// Text and packed columns take fewer bytes than values in memory; a guess by half.
const bytesShare = 0.5
const textBytes = 16
const packedEndings = ['.gz', '.zst', '.br', '.zip', '.parquet']
const packedFactor = 3

function scanRows({ kind, options }: ScanNode, fields: Fields): number | undefined {
  const exact = scanType(kind).rowCount?.(options)
  if (exact !== undefined) return exact
  const { files } = options as { files?: readonly { path: string; bytes?: number }[] }
  if (!files?.every(file => file.bytes !== undefined)) return undefined
  const bytes = files.reduce((sum, { path, bytes }) => sum + bytes! * (packedEndings.some(ending => path.endsWith(ending)) ? packedFactor : 1), 0)
  const rowBytes = fields.reduce((sum, { type }) => sum + (['view', 'list', 'children'].includes(layoutOf(type)) ? textBytes : layoutOf(type) === 'none' ? 1 : valueBytes(type, 8) / 8), 0)
  return Math.max(1, Math.round(bytes / Math.max(1, rowBytes * bytesShare)))
}

function operatorRows(node: OperatorNode, inputs: readonly (number | undefined)[], fieldsOf: () => Fields): number | undefined {
  const [first, second] = inputs
  const params = (node.params ?? {}) as { [name: string]: unknown }
  switch (node.kind) {
    case 'filter':
      return first && first * keptShare(params.predicate as Expression, fieldsOf)
    case 'limit':
      return least(first, params.count as number)
    case 'topK':
      return (params.by as readonly string[] | undefined)?.length ? first : least(first, params.count as number)
    case 'tail':
    case 'sampleRows':
      return least(first, (params.count ?? params.rows) as number)
    case 'sample':
      return first && first * Math.max(0, ((params.to as number) ?? 1) - ((params.from as number) ?? 0))
    case 'groupBy':
      return (params.keys as readonly string[]).length === 0 && params.window === undefined ? 1 : first && groups(first)
    case 'distinct':
    case 'dedup':
      return first && groups(first)
    case 'describe':
      return fieldsOf().length
    case 'pivot':
      return first && groups(first)
    case 'union':
      return inputs.every(rows => rows !== undefined) ? inputs.reduce((sum: number, rows) => sum + rows!, 0) : undefined
    case 'unpivot':
      return first && first * Math.max(1, (params.on as readonly string[] | undefined)?.length ?? 1)
    case 'explode':
      return first && 3 * first
    case 'join':
      return joinRows(params as { how?: string; left?: readonly string[] }, first, second)
    default:
      return passing.has(node.kind) ? first : undefined
  }
}

/** Steps that give a row for each row. */
const passing = new Set(['with', 'select', 'rename', 'drop', 'sort', 'reverse', 'rowIndex', 'over', 'fillNull', 'as', 'map', 'watermark', 'dropNull', 'filterRows'])

function joinRows({ how = 'inner', left = [] }: { how?: string; left?: readonly string[] }, first: number | undefined, second: number | undefined): number | undefined {
  if (how === 'semi' || how === 'anti') return first && first / 2
  if (first === undefined || second === undefined) return undefined
  if (left.length === 0) return first * second
  return how === 'right' ? second : how === 'full' ? first + second : first
}

function least(rows: number | undefined, count: number): number | undefined {
  return rows === undefined ? count : Math.min(rows, count)
}

// Most keys come more than once.
function groups(rows: number): number {
  return rows ** 0.75
}

// By what a condition looks like: an equal value keeps few rows, a bound a third.
function keptShare(condition: Expression, fieldsOf: () => Fields): number {
  if (condition.kind !== 'call') return 0.5
  const { fn, args } = condition
  switch (fn) {
    case 'and':
      return args.reduce((share, arg) => share * keptShare(arg, fieldsOf), 1)
    case 'or':
      return Math.min(1, args.reduce((share, arg) => share + keptShare(arg, fieldsOf), 0))
    case 'not':
      return 1 - keptShare(args[0]!, fieldsOf)
    case 'eq':
    case 'startsWith':
    case 'isNull':
      return args[0]!.kind === 'column' && isBool(args[0]!.name, fieldsOf()) ? 0.5 : 0.1
    case 'isIn':
      return Math.min(0.5, 0.1 * Math.max(1, args.length - 1))
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return 0.33
    case 'between':
      return 0.25
    case 'ne':
    case 'isNotNull':
      return 0.9
    default:
      return 0.5
  }
}

function isBool(name: string, fields: Fields): boolean {
  return fields.some(field => field.name === name) && fieldOf(fields, name, '').type.kind === 'bool'
}
