// Splits of a scan that need not be read: the filters right behind the scan can be true for none of their rows, by what the source says of them.
import type { ValueBounds } from '../batch/value-bounds.ts'
import { bindCondition } from '../expr/bind.ts'
import type { Bound } from '../expr/function.ts'
import { neverWithin } from '../expr/never-within.ts'
import type { FilterParams } from '../operators/filter.ts'
import type { FusedAggregateParams } from '../operators/fused-aggregate.ts'
import type { ScanSplit, SplitPiece } from '../source/source.ts'
import { scanType } from './catalogue.ts'
import type { StageSpec } from './stages.ts'

/**
 * The splits of a stage's scan that may hold rows for what follows it, in order. Those of which only some rows may matter have `rows`. Cost: where there is a filter, the
 * statistics of each split.
 */
export function splitsToRead(spec: StageSpec, stages: readonly StageSpec[]): readonly ScanSplit[] {
  const { scan } = spec
  const stage = readerOf(spec, stages)
  if (!scan) return []
  const type = scanType(scan.kind)
  const splits = type.splits(scan.options)
  if (!type.bounds || splits.length === 0) return splits
  const conditions = conditionsOf(stage)
  const fields = stage.steps[0]?.inputs[0] ?? []
  // Behind the columns are the variables of functions in expressions.
  const columns = [...new Set(conditions.flatMap(columnsOf))].filter(column => column < fields.length)
  if (columns.length === 0) return splits
  const names = columns.map(column => fields[column]!.name)
  const isNever = (bounds: Readonly<Record<string, ValueBounds>>) =>
    neverWithin(conditions, column => (columns.includes(column) && Object.hasOwn(bounds, fields[column]!.name) ? bounds[fields[column]!.name] : undefined))
  return splits.flatMap(split => (isNever(type.bounds!(scan.options, split, names)) ? [] : narrowed(split, type.pieces?.(scan.options, split, names), isNever)))
}

// The stage whose steps the rows meet first: another one where the scan is alone in its own.
function readerOf(spec: StageSpec, stages: readonly StageSpec[]): StageSpec {
  const [output, ...others] = spec.outputs
  if (spec.steps.length > 0 || !output || others.length > 0 || output.port !== undefined || !('stage' in output.to) || output.to.port !== 0) return spec
  return stages[output.to.stage]!
}

// The split with those of its rows that may be wanted; none where there are no such rows.
function narrowed(split: ScanSplit, pieces: readonly SplitPiece[] | undefined, isNever: (bounds: SplitPiece['bounds']) => boolean): ScanSplit[] {
  if (!pieces) return [split]
  const rows: [number, number][] = []
  let skipped = 0
  for (const { start, end, bounds } of pieces) {
    const last = rows.at(-1)
    if (isNever(bounds)) skipped++
    else if (last && last[1] === start) last[1] = end
    else rows.push([start, end])
  }
  return skipped === 0 ? [split] : rows.length === 0 ? [] : [{ ...split, rows }]
}

// The conditions of the filters that the scan's rows meet first; none where rows are read before them, too.
function conditionsOf({ steps, outputs }: StageSpec): Bound[] {
  const fields = steps[0]?.inputs[0]
  const first = Math.min(...outputs.map(output => output.step))
  if (!fields || first < 0) return []
  // Beyond the first step whose rows go elsewhere, readers have no more filters in common.
  const inOrder = steps.slice(0, first + 1).flatMap(step => (step.kind === 'fusedAggregate' ? (step.params as unknown as FusedAggregateParams).steps : [step]))
  const end = inOrder.findIndex(step => step.kind !== 'filter')
  return inOrder.slice(0, end < 0 ? inOrder.length : end).map(({ id, params }) => bindCondition((params as unknown as FilterParams).predicate, fields, id))
}

function columnsOf(bound: Bound): number[] {
  return bound.kind === 'column' ? [bound.index] : bound.kind === 'call' ? bound.args.flatMap(columnsOf) : []
}
