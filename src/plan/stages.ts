// Cuts a resolved plan into stages: chains of operators that run on one thread without a queue between them. Stages meet at
// exchanges (rows move to the instance that owns their key), at closures, at joins, and wherever a result has several readers.
import type { Json } from '../base/json.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { Fields } from '../batch/schema.ts'
import type { Placement } from '../operators/operator.ts'
import { operatorType, sinkType } from './catalogue.ts'
import { keepsKeys } from './kept-keys.ts'
import { type Edge, type FeedNode, inputsOf, type OperatorNode, type PlanNode, type ScanNode, type SinkNode } from './plan.ts'
import { readsFetched } from '../source/fetched-files.ts'
import { edgeKey, factsOf, type ResolvedPlan } from './resolve.ts'

/** One operator in a stage. */
export interface Step {
  readonly id: string
  readonly kind: string
  readonly params: Json
  readonly inputs: readonly Fields[]
  readonly bounded: boolean
}

/** How rows go to a reader's instances: split by the hash of `keys`, or, where it has none, all rows to each. */
export interface Partition {
  readonly keys?: readonly string[]
  readonly parallelism: number
}

/** Where an output of a stage (or a feed) goes. `step` is the index of the operator that emits it; −1 is the stage's input (or its scan). */
export interface StageOutput {
  readonly step: number
  readonly port?: string
  readonly fields: Fields
  readonly to: { readonly stage: number; readonly port: number } | { readonly sink: string }
  /** Absent: one instance, or any. */
  readonly partition?: Partition
  /** The sink by whose rules rows are encoded before they go to it. */
  readonly encode?: { readonly kind: string; readonly options: Json }
}

/** A scan at the head of a stage; `columns`: those that are needed of its rows. `outputs`, where side outputs are read: those of each output that is, '' being the rows. */
export interface ScanSpec {
  readonly id: string
  readonly kind: string
  readonly options: Json
  readonly columns?: readonly string[]
  readonly outputs?: Readonly<Record<string, readonly string[] | 'all'>>
}

/** A chain of operators, as plain data. */
export interface StageSpec {
  readonly index: number
  readonly placement: Placement
  readonly parallelism: number
  /** Fields of each input port; empty for a scan. */
  readonly inputs: readonly Fields[]
  readonly scan?: ScanSpec
  /**
   * Ports that bring the tables of steps (port 1 of the step `step`): nothing of port 0 begins before they have ended. `buffers`: what port 0 gets until then
   * may be any number of batches, because whoever makes them makes something else too that the tables may wait for.
   */
  readonly tables?: readonly { readonly port: number; readonly step: number; readonly buffers: boolean }[]
  readonly steps: readonly Step[]
  readonly outputs: readonly StageOutput[]
}

/** A feed and what reads it. */
export interface FeedSpec {
  readonly node: FeedNode
  readonly outputs: readonly StageOutput[]
}

/** A job, ready to run. Plain data. */
export interface StagePlan {
  readonly stages: readonly StageSpec[]
  readonly feeds: readonly FeedSpec[]
  readonly sinks: readonly SinkNode[]
}

interface OpenStage {
  index: number
  placement: Placement
  parallelism: number
  /** The columns by whose values rows lie with their instance, as JSON; none where they don't, or no more. */
  keys: string
  inputs: Fields[]
  scan?: StageSpec['scan']
  tables: NonNullable<StageSpec['tables']>[number][]
  steps: Step[]
  outputs: StageOutput[]
}

interface Producer {
  outputs: StageOutput[]
  stage?: OpenStage
  step: number
}

/** Cuts the plan for `workers` threads (0: everything on the engine's thread). Cost: nodes + edges. */
export function cutStages(plan: ResolvedPlan, workers: number, scanColumns: ReadonlyMap<string, readonly string[]>): StagePlan {
  const parallelism = Math.min(Math.max(1, workers), keyGroupCount)
  const readers = countReaders(plan.nodes)
  const stages: OpenStage[] = []
  const feeds: FeedSpec[] = []
  const sinks: SinkNode[] = []
  const producers = new Map<string, Producer>()

  const open = (placement: Placement, inputs: Fields[], keys = ''): OpenStage => {
    const stage: OpenStage = { index: stages.length, placement, parallelism: placement === 'single' || placement === 'main' ? 1 : parallelism, keys, inputs, tables: [], steps: [], outputs: [] }
    stages.push(stage)
    return stage
  }
  const connect = (edge: Edge, to: StageOutput['to'], { partition, encode }: Pick<StageOutput, 'partition' | 'encode'> = {}) => {
    const producer = producers.get(edge.node)!
    producer.outputs.push({ step: producer.step, port: edge.port, fields: factsOf(plan.edges, edge).fields, to, ...(partition && { partition }), ...(encode && { encode }) })
  }

  const addOperator = (node: OperatorNode) => {
    const type = operatorType(node.kind)
    const inputFields = node.inputs.map(e => factsOf(plan.edges, e).fields)
    const placement = type.placement(node.params)
    const keys = (port: number) => (placement === 'keyed' ? (type.keys?.(node.params, port) ?? []) : [])
    const producer = producers.get(node.inputs[0]!.node)!
    const streams = type.tablePort === undefined ? node.inputs : node.inputs.slice(0, 1)
    const fusable = streams.length === 1 && node.inputs[0]!.port === undefined && readers.get(edgeKey(node.inputs[0]!)) === 1
    let stage = producer.stage
    const waitsForItself = (open: OpenStage) => type.tablePort !== undefined && comesOf(plan.nodes, node.inputs[1]!.node, open)
    if (!stage || !fusable || type.waits || waitsForItself(stage) || !canFuse(stage, producer.step, placement, JSON.stringify(keys(0)), workers)) {
      stage = open(placement, inputFields.slice(0, streams.length), placement === 'keyed' ? JSON.stringify(keys(0)) : '')
      const opened = stage
      streams.forEach((edge, port) => {
        const split = opened.parallelism > 1 && placement !== 'any'
        connect(edge, { stage: opened.index, port }, split ? { partition: { ...(placement === 'keyed' && port !== type.broadcastPort && { keys: keys(port) }), parallelism: opened.parallelism } } : undefined)
      })
    }
    if (type.tablePort !== undefined) connect(node.inputs[1]!, addTable(stage, isBranched(plan.nodes, readers, node.inputs[0]!.node), inputFields[1]!), { partition: { parallelism: stage.parallelism } })
    stage.steps.push({ id: node.id, kind: node.kind, params: node.params, inputs: inputFields, bounded: node.inputs.every(e => factsOf(plan.edges, e).bounded) })
    if (stage.keys !== '' && !keepsKeys(node, JSON.parse(stage.keys), inputFields[0]!)) stage.keys = ''
    if (workers <= 1) stage.placement = strictest(stage.placement, placement)
    producers.set(node.id, { outputs: stage.outputs, stage, step: stage.steps.length - 1 })
  }

  for (const node of plan.nodes) {
    switch (node.node) {
      case 'scan': {
        const stage = open(readsFetched(node.options) ? 'main' : 'any', [])
        stage.scan = scanOf(node, scanColumns, readers)
        producers.set(node.id, { outputs: stage.outputs, stage, step: -1 })
        break
      }
      case 'feed': {
        const outputs: StageOutput[] = []
        feeds.push({ node, outputs })
        producers.set(node.id, { outputs, step: -1 })
        break
      }
      case 'operator':
        addOperator(node)
        break
      case 'sink':
        sinks.push(node)
        connect(node.input, { sink: node.id }, producers.get(node.input.node)!.stage && workers > 0 && sinkType(node.kind).encoder?.(node.options) ? { encode: { kind: node.kind, options: node.options } } : undefined)
        break
    }
  }
  return { stages: stages.map(({ keys: _, tables, ...stage }) => ({ ...stage, ...(tables.length > 0 && { tables }) })), feeds, sinks }
}

function scanOf(node: ScanNode, columns: ReadonlyMap<string, readonly string[]>, readers: ReadonlyMap<string, number>): ScanSpec {
  const needed = columns.get(node.id)
  const read = [...readers.keys()].filter(key => key === node.id || key.startsWith(`${node.id}:`))
  const outputs = Object.fromEntries(read.map(key => [key.slice(node.id.length + 1), columns.get(key) ?? ('all' as const)]))
  return { id: node.id, kind: node.kind, options: node.options, ...(needed && { columns: needed }), ...(read.some(key => key !== node.id) && { outputs }) }
}

// A chain goes on where its rows already are in the right place and order. Steps in the middle of a stage may have side outputs,
// but a stage whose last step isn't the producer has gone on already.
function canFuse(stage: OpenStage, step: number, next: Placement, keys: string, workers: number): boolean {
  if (step !== stage.steps.length - 1) return false
  const onMain = stage.placement === 'main'
  if (workers === 0) return true
  if (onMain || next === 'main') return onMain && next === 'main'
  if (workers === 1 || next === 'any') return true
  return next === 'keyed' && stage.placement === 'keyed' && stage.keys === keys
}

// A further port of the stage, for the table of the step that is about to be added.
function addTable(stage: OpenStage, buffers: boolean, fields: Fields): StageOutput['to'] {
  if (stage.inputs.length === 0) stage.inputs.push([])
  const port = stage.inputs.push(fields) - 1
  stage.tables.push({ port, step: stage.steps.length, buffers })
  return { stage: stage.index, port }
}

// Whether a step of the stage, or its scan, is among what `id` comes of.
function comesOf(nodes: readonly PlanNode[], id: string, stage: OpenStage): boolean {
  if (stage.scan?.id === id || stage.steps.some(step => step.id === id)) return true
  return inputsOf(nodes.find(n => n.id === id)!).some(edge => comesOf(nodes, edge.node, stage))
}

// Whether anything that `id` comes of is read by others too.
function isBranched(nodes: readonly PlanNode[], readers: ReadonlyMap<string, number>, id: string): boolean {
  const node = nodes.find(n => n.id === id)!
  const read = [...readers].filter(([key]) => key === id || key.startsWith(`${id}:`)).reduce((sum, [, count]) => sum + count, 0)
  return read > 1 || inputsOf(node).some(edge => isBranched(nodes, readers, edge.node))
}

function strictest(a: Placement, b: Placement): Placement {
  const order: Placement[] = ['any', 'keyed', 'shared', 'single', 'main']
  return order[Math.max(order.indexOf(a), order.indexOf(b))]!
}

function countReaders(nodes: readonly PlanNode[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of nodes) for (const edge of inputsOf(node)) counts.set(edgeKey(edge), (counts.get(edgeKey(edge)) ?? 0) + 1)
  return counts
}
