// Filters and projections, and the partial step of groupBy(…).agg(…) behind them, in one pass over the rows: a function that was compiled for just this
// (room fuse). Rows that it can't take, for what their columns look like or because one of them is an error, go through the operators themselves.
import type { Json } from '../base/json.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { type Fields, fieldOf } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { bindCondition } from '../expr/bind.ts'
import type { Bound } from '../expr/function.ts'
import { shareExpressions } from '../expr/share.ts'
import { likelyForm } from '../fuse/columns.ts'
import { substitute } from '../fuse/compose.ts'
import { encodeGrouped } from '../fuse/grouped.ts'
import { encodeKeyless } from '../fuse/keyless.ts'
import { FusedPipeline } from '../fuse/pipeline.ts'
import { type FusedAggregate, type FusedFunction, type FusedProgram, planSums, type SumPlan } from '../fuse/program.ts'
import type { StateRun } from '../state/state-run.ts'
import { type FilterParams, filterOperator } from './filter.ts'
import { AggregateOperator, type AggregateParams, partialAggregateOperator, partialShape } from './group-by.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { dropOperator, projectionKinds, projectionsOf, renameOperator, selectOperator, withOperator } from './project.ts'

/** A step that was taken into the pass. */
export type FusedStep = { readonly id: string; readonly kind: string; readonly params: Json }

/** Parameters: the steps in order, then those of `partialAggregate`. `rowsBefore`: rows after which the function is compiled. */
export type FusedAggregateParams = AggregateParams & { readonly steps: readonly FusedStep[]; readonly rowsBefore: number }

const fusedFunctions: readonly string[] = ['count', 'sum', 'mean', 'min', 'max']
const stepTypes = { filter: filterOperator, with: withOperator, select: selectOperator, rename: renameOperator, drop: dropOperator } as unknown as Record<string, OperatorType>

/** The kinds of steps that can be taken into the pass. */
export const fusedKinds: readonly string[] = ['filter', ...projectionKinds]

/** Aggregates before the exchange, with the steps before them. Counts rows that were taken by the compiled function as `rowsFused`. */
export const fusedAggregateOperator: OperatorType<FusedAggregateParams> = {
  kind: 'fusedAggregate',
  stateKind: 'partialAggregate',
  inputCount: 1,
  placement: () => 'any',
  stateWeight: 0.5,
  keptRows: 262_144,
  anyOrder: true,
  fields: ([input], params, where) => partialAggregateOperator.fields([outputOf(params.steps, input!)], params, where),
  describe: params => [...params.steps.map(step => stepTypes[step.kind]!.describe(step.params)), partialAggregateOperator.describe(params)].join('; '),
  create: (context, params, [input]) => new FusedAggregateOperator(context, params, input!),
}

// What was found of earlier plans: most jobs are run again and again.
const found = new Map<string, boolean>()
const prepared = new Map<string, Prepared>()
const keptMax = 256

function keep<V>(kept: Map<string, V>, key: string, value: V): V {
  if (kept.size >= keptMax) kept.clear()
  kept.set(key, value)
  return value
}

/** True where a function can be compiled for these steps, at least for columns that lie as they do at best. Cost: 1 ms, once for the same plan. */
export function canFuse(params: FusedAggregateParams, input: Fields): boolean {
  const key = textOf(params, input)
  const known = found.get(key)
  if (known !== undefined) return known
  return keep(found, key, isCompiled(params, input))
}

/** What an operator needs to know of its plan. */
interface Prepared {
  readonly text: string
  readonly program: FusedProgram
  readonly sums: SumPlan
  readonly shape: ReturnType<typeof partialShape>
}

function preparedFor(params: FusedAggregateParams, input: Fields, where: string): Prepared {
  const text = textOf(params, input)
  const key = `${where} ${text}`
  const known = prepared.get(key)
  if (known) return known
  const program = programOf(params, input)!
  return keep(prepared, key, { text, program, sums: planSums(program)!, shape: partialShape(outputOf(params.steps, input), params, where) })
}

// All that a function depends on beside the forms of columns.
function textOf(params: FusedAggregateParams, input: Fields): string {
  return JSON.stringify([params, input.map(({ name, type, nullable }) => [name, typeName(type, nullable)])])
}

function isCompiled(params: FusedAggregateParams, input: Fields): boolean {
  if (params.aggregates.some(({ fn, options, args }) => !fusedFunctions.includes(fn) || options || args)) return false
  const program = programOf(params, input)
  const plan = program && planSums(program)
  if (!plan) return false
  const forms = program.types.map(likelyForm)
  return (program.keys.length === 0 ? encodeKeyless(program, plan, forms) : encodeGrouped(program, plan, forms, 64)) !== undefined
}

// The fields that the steps give.
function outputOf(steps: readonly FusedStep[], input: Fields): Fields {
  return steps.reduce((fields, { id, kind, params }) => stepTypes[kind]!.fields([fields], params as never, id), input)
}

// All steps as one program over the input; undefined where a key is computed.
function programOf({ steps, keys, aggregates }: FusedAggregateParams, input: Fields): FusedProgram | undefined {
  const conditions: Bound[] = []
  let fields = input
  let columns: readonly Bound[] = input.map(({ type, nullable }, index) => ({ kind: 'column', index, type, nullable }))
  for (const { id, kind, params } of steps) {
    if (kind === 'filter') conditions.push(substitute(bindCondition((params as unknown as FilterParams).predicate, fields, id), columns))
    else {
      const projections = projectionsOf(kind, params, fields, id)
      columns = projections.map(({ bound }) => substitute(bound, columns))
      fields = projections.map(({ field }) => field)
    }
  }
  const at = (name: string) => columns[fields.indexOf(fieldOf(fields, name, 'fuse'))]!
  const keyColumns = keys.map(at)
  if (keyColumns.some(key => key.kind !== 'column')) return undefined
  const inputs = aggregates.map(({ input: name }) => (name === undefined ? undefined : at(name)))
  const given = inputs.filter(bound => bound !== undefined)
  const { bounds } = shareExpressions([...conditions, ...given])
  const shared = bounds.slice(conditions.length)
  return {
    conditions: bounds.slice(0, conditions.length),
    keys: keyColumns.map(key => (key as { index: number }).index),
    aggregates: aggregates.map(({ fn }, i): FusedAggregate => ({ fn: fn as FusedFunction, ...(inputs[i] && { input: shared[given.indexOf(inputs[i])]! }) })),
    types: input.map(({ type }) => type),
  }
}

class FusedAggregateOperator implements Operator {
  readonly #context: OperatorContext
  readonly #params: FusedAggregateParams
  readonly #input: Fields
  readonly #groups: AggregateOperator
  readonly #pipeline: FusedPipeline
  readonly #partial: Fields
  /** Made when rows first go through them. */
  #steps: readonly Operator[] | undefined
  #seen = 0

  constructor(context: OperatorContext, params: FusedAggregateParams, input: Fields) {
    this.#context = context
    this.#params = params
    this.#input = input
    const { text, program, sums, shape } = preparedFor(params, input, context.where)
    this.#groups = new AggregateOperator(context, shape)
    this.#partial = shape.partial
    this.#pipeline = new FusedPipeline(context.device, program, sums, text, shape.specs, shape.keys)
  }

  #createSteps(): readonly Operator[] {
    let fields = this.#input
    return this.#params.steps.map(({ id, kind, params }) => {
      const type = stepTypes[kind]!
      const inputs = [fields]
      fields = type.fields(inputs, params as never, id)
      return type.create(withPlace(this.#context, id), params as never, inputs)
    })
  }

  push(batch: Batch, out: Output): void {
    this.#seen += batch.rowCount
    if (this.#seen < this.#params.rowsBefore) return this.#interpret(batch, out)
    const taken = this.#pipeline.take(batch, () => this.#flush())
    if (taken > 0) this.#context.count('rowsFused', taken)
    if (taken < batch.rowCount) this.#interpret(taken === 0 ? batch : sliceBatch(batch, taken, batch.rowCount), out)
  }

  // Step by step.
  #interpret(batch: Batch, out: Output): void {
    const steps = (this.#steps ??= this.#createSteps())
    const pushInto = (step: number, rows: Batch): void => {
      const operator = steps[step]
      if (!operator) this.#groups.push(rows, out)
      else operator.push(rows, { emit: made => pushInto(step + 1, made) }, 0)
    }
    pushInto(0, batch)
  }

  #flush(): void {
    if (this.#pipeline.rows === 0) return
    const arena = this.#context.device.arena()
    try {
      const { columns, rowCount } = this.#pipeline.flush(arena)
      this.#groups.merge(arena, { fields: this.#partial, rowCount, columns, arena: arena.address })
    } finally {
      arena.release()
    }
  }

  finish(out: Output): void {
    this.#flush()
    this.#groups.finish(out)
  }

  snapshot(): StateRun[] {
    this.#flush()
    return this.#groups.snapshot()
  }

  restore(runs: readonly StateRun[]): void {
    this.#groups.restore(runs)
  }

  close(): void {
    this.#pipeline.close()
    this.#groups.close()
    for (const step of this.#steps ?? []) step.close?.()
  }
}

// The same context, as another step's: it names that in errors.
function withPlace(context: OperatorContext, where: string): OperatorContext {
  return Object.create(context, { where: { value: where } }) as OperatorContext
}
