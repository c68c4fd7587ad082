// One instance of a stage on one thread: a chain of operators that hands batches down without queues. It is driven by messages and
// answers each with what came out. It does no IO of its own but a scan's, and keeps one arena per message.
import { assert, encodeError } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import { arenaOf, unpackBatch } from '../batch/pack-batch.ts'
import { madeIn } from '../compute/coded.ts'
import { StepMeter } from './step-meter.ts'
import { StepWatermarks } from './step-watermarks.ts'
import { SpillFiles } from '../storage/spill-files.ts'
import { type Arena, releaseArena } from '../device/arena.ts'
import type { Operator, OperatorContext, Output } from '../operators/operator.ts'
import { operatorType } from '../plan/catalogue.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { ScanSplit } from '../source/source.ts'
import { operatorContext, type TaskEnvironment } from './operator-context.ts'
import { KeptByReaders, readSplit, scanRows } from './read-split.ts'
import { asTrap } from './trap.ts'
import { TaskOutputs } from './task-outputs.ts'
import type { StepRuns, TaskMessage, TaskReply } from './messages.ts'

// A message is answered in parts where it takes longer or makes more than this: an abort is heard, and readers that are full are waited for.
const turnMs = 20
const turnOutputsMax = 4
/** Totals are told so often, for pictures of a running job. */
const totalsMs = 500

/** A message under way. */
type Steps = Generator<Promise<void> | undefined, void>

/** A running stage instance. `run` never throws or rejects: an error is in the reply. */
export class Task {
  readonly #environment: TaskEnvironment
  readonly #spec: StageSpec
  readonly #instance: number
  #batchRows: number
  readonly #shared: number
  readonly #kept = new KeptByReaders()
  readonly #operators: Operator[]
  /** Steps whose table comes by a port. */
  readonly #tables: ReadonlyMap<number, number>
  readonly #spills: SpillFiles[]
  readonly #outs: Output[]
  readonly #outputs: TaskOutputs
  readonly #watermarks: StepWatermarks
  readonly #meter: StepMeter
  #arena: Arena | undefined
  #counts: Record<string, number> = {}
  readonly #count = (metric: string, by: number) => void (this.#counts[metric] = (this.#counts[metric] ?? 0) + by)
  #reportedWatermark = Number.NEGATIVE_INFINITY
  #portsOpen: number
  #rowsRead = 0
  /** When totals were last told. */
  #toldMs: number
  /** Nothing was done since. */
  #isTold = false
  #sequence = 0
  #runs: StepRuns | undefined
  /** Steps that have given all they give, in this run or before the checkpoint: until they get further rows there is nothing to finish. */
  readonly #ended: Set<number>
  /** The step that has more to emit at its end; −1 where none has. */
  #draining = -1
  #paused: Steps | undefined
  #pausedInArena = false
  /** A message waits for a promise. */
  #waiting = false
  #left = false
  #failed = false

  constructor(environment: TaskEnvironment, message: Extract<TaskMessage, { type: 'open' }>) {
    const { spec } = message
    this.#environment = environment
    this.#toldMs = environment.clock.elapsed()
    this.#spec = spec
    this.#instance = message.instance
    this.#batchRows = message.batchRows
    this.#tables = new Map((spec.tables ?? []).map(({ port, step }) => [port, step]))
    this.#shared = message.shared
    this.#ended = new Set(message.ended)
    this.#portsOpen = Math.max(1, spec.inputs.length)
    this.#outs = [-1, ...spec.steps.keys()].map(step => ({ emit: (batch: Batch, port?: string) => this.#emitted(step, batch, port) }))
    this.#outputs = new TaskOutputs(environment.device, spec.outputs)
    this.#meter = new StepMeter(spec, environment.clock)
    this.#spills = spec.steps.map((_, i) => new SpillFiles(message.spillFolder, bytes => (this.#meter.of(i).spilledBytes += bytes)))
    this.#operators = spec.steps.map((step, i) => operatorType(step.kind).create(this.#context(step.id, step.bounded, i, message.stateBytes[i]!), step.params, step.inputs))
    this.#watermarks = new StepWatermarks(this.#operators, step => this.#out(step))
    for (const [i, { id }] of spec.steps.entries()) if (message.restore[id]?.length) this.#operators[i]!.restore?.(message.restore[id])
  }

  /** Handles one message; batches inside are taken over. A promise only where an operator has to wait (`settle`); no message may be run meanwhile. */
  run(message: Exclude<TaskMessage, { type: 'open' }>): TaskReply | Promise<TaskReply> {
    if (message.type === 'close' && this.#waiting) this.#drop()
    this.#outputs.begin()
    this.#runs = undefined
    this.#sequence = message.seq
    if ('batchRows' in message) this.#batchRows = message.batchRows
    if (message.type === 'close') this.#leave()
    else if (this.#failed) return this.#refuse(message)
    assert(message.type === 'continue' || !this.#paused, `a ${message.type} came before the message under way was done`)
    const steps = message.type === 'continue' ? this.#paused : this.#handle(message)
    this.#paused = undefined
    // Outside an arena are splits being read.
    if (message.type === 'continue' && message.leave && !this.#pausedInArena) steps?.return()
    if (!steps) return this.#answer(message)
    if (message.type === 'continue' && this.#pausedInArena) this.#arena = this.#environment.device.arena()
    return this.#drive(steps, message, this.#environment.clock.elapsed() + turnMs)
  }

  // Of a message that waits still, nobody has heard of the outputs.
  #drop(): void {
    this.#outputs.drop()
    this.#arena?.release()
    this.#arena = undefined
  }

  /** True while a message is answered in part and waits to be told to continue: no other but `close` may come. */
  get paused(): boolean {
    return this.#paused !== undefined
  }

  // Runs to the end, or to a pause once there is enough for one reply.
  #drive(steps: Steps, message: TaskMessage, until: number): TaskReply | Promise<TaskReply> {
    this.#waiting = false
    try {
      for (let step = steps.next(); !step.done; step = steps.next()) {
        if (step.value) {
          this.#waiting = true
          return step.value.then(
            () => (this.#left ? this.#abandon(steps, message) : this.#drive(steps, message, until)),
            error => {
              steps.return()
              return this.#answer(message, error)
            },
          )
        }
        if (this.#outputs.collected.length < turnOutputsMax && this.#environment.clock.elapsed() < until) continue
        this.#paused = steps
        this.#pausedInArena = this.#arena !== undefined
        return { ...this.#answer(message), paused: true }
      }
      this.#outputs.flush()
      return this.#answer(message)
    } catch (error) {
      return this.#answer(message, error)
    }
  }

  // After an error operators are in no state to go on: what was on its way to them is given back.
  #refuse(message: TaskMessage): TaskReply {
    if (message.type === 'push' && message.batch) releaseArena(this.#environment.device, arenaOf(message.batch))
    return { task: message.task, seq: message.seq, outputs: [] }
  }

  #leave(): void {
    this.#paused?.return()
    this.#paused = undefined
  }

  // The task was closed while the message waited: what it held is given back, and nobody waits for its answer.
  #abandon(steps: Steps, message: TaskMessage): TaskReply {
    steps.return()
    return { task: message.task, seq: message.seq, outputs: [] }
  }

  // Yields what must be waited for, and nothing where it may pause.
  *#handle(message: Exclude<TaskMessage, { type: 'open' | 'continue' }>): Steps {
    if (message.type === 'split') {
      yield* this.#settle(false)
      yield* this.#readSplit(message.split)
      return
    }
    if (message.type === 'splits') {
      const words = this.#environment.device.words()
      yield* this.#settle(false)
      for (let at = Atomics.add(words, message.taken / 4, 1); at < message.splits.length; at = Atomics.add(words, message.taken / 4, 1)) yield* this.#readSplit(message.splits[at]!)
      return
    }
    if (message.type === 'push') yield* this.#settleBefore(message)
    this.#arena = this.#environment.device.arena()
    if (message.type === 'push') {
      if (message.batch) this.#arena.hold(arenaOf(message.batch))
      this.#push(message)
    } else if (message.type === 'tick') this.#operators.forEach((op, i) => op.tick?.(message.now, this.#out(i)))
    else if (message.type === 'finish') yield* this.#finish(message.port)
    else if (message.type === 'drain') yield* this.#finishFrom(this.#draining)
    else if (message.type === 'snapshot') {
      yield* this.#settle(true)
      this.#runs = Object.fromEntries(this.#spec.steps.map((step, i) => [step.id, this.#operators[i]!.snapshot?.() ?? []]))
    } else if (message.type === 'settle') yield* this.#settle(true)
    else this.close()
    this.#watermarks.generated()
  }

  // The batch is nobody's until it is pushed: where the task ends before, it is given back.
  *#settleBefore(message: Extract<TaskMessage, { type: 'push' }>): Steps {
    let settled = false
    try {
      yield* this.#settle(false)
      settled = true
    } finally {
      if (!settled && message.batch) releaseArena(this.#environment.device, arenaOf(message.batch))
    }
  }

  *#settle(all: boolean, steps: Iterable<number> = this.#operators.keys()): Steps {
    for (const step of steps) {
      const operator = this.#operators[step]!
      for (let waiting = operator.settle?.(all); waiting; waiting = operator.emitReady && operator.settle!(all)) {
        const start = this.#environment.clock.elapsed()
        yield waiting
        this.#meter.of(step).ms += this.#environment.clock.elapsed() - start
        if (!operator.emitReady) continue
        this.#emitApart(() => {
          operator.emitReady!(this.#out(step))
          this.#watermarks.generated()
        })
        if (this.#outputs.collected.length > 0) yield undefined
      }
    }
  }

  // In an arena of its own, whether or not there is one of a message.
  #emitApart(emit: () => void): void {
    const [outer, own] = [this.#arena, this.#environment.device.arena()]
    this.#arena = own
    try {
      emit()
    } finally {
      this.#arena = outer
      own.release()
    }
  }

  #answer(message: TaskMessage, error?: unknown): TaskReply {
    try {
      if (error !== undefined) {
        this.#failed = true
        return { task: message.task, seq: message.seq, outputs: this.#outputs.collected, error: encodeError(asTrap(error)) }
      }
      return { ...this.#reply(message), ...(this.#runs && { runs: this.#runs, ended: [...this.#ended] }) }
    } finally {
      this.#arena?.release()
      this.#arena = undefined
    }
  }

  /** Releases the operators' memory. */
  close(): void {
    this.#left = true
    this.#leave()
    for (const operator of this.#operators.splice(0)) operator.close?.()
    for (const spill of this.#spills) spill.close()
    this.#kept.close()
    this.#outputs.close()
  }

  #reply(message: TaskMessage): TaskReply {
    const [counts, rowsRead] = [this.#counts, this.#rowsRead]
    ;[this.#counts, this.#rowsRead] = [{}, 0]
    const moved = this.#watermarks.last > this.#reportedWatermark
    this.#reportedWatermark = this.#watermarks.last
    const now = this.#environment.clock.elapsed()
    const isLast = message.type === 'finish' || message.type === 'drain' || message.type === 'snapshot' || (message.type === 'close' && !this.#isTold)
    const withTotals = isLast || now - this.#toldMs >= totalsMs
    if (withTotals) this.#toldMs = now
    this.#isTold = withTotals
    return {
      task: message.task,
      seq: message.seq,
      outputs: this.#outputs.collected,
      ...(moved && { watermark: this.#watermarks.last }),
      ...(Object.keys(counts).length > 0 && { counts }),
      ...(rowsRead > 0 && { rowsRead }),
      ...(this.#draining >= 0 && { more: true }),
      ...(withTotals && { totals: this.#meter.totals() }),
      ...(this.#operators.some(op => op.done?.()) && { done: true }),
    }
  }

  #out(step: number): Output {
    return this.#outs[step + 1]!
  }

  #push(message: Extract<TaskMessage, { type: 'push' }>): void {
    if (message.batch) {
      const arena = this.#arena!
      const batch = unpackBatch(message.batch, this.#spec.inputs[message.port]!, madeIn(this.#environment.device, arena))
      const adopted = { ...batch, arena: arena.address }
      const table = this.#tables.get(message.port)
      if (table !== undefined) this.#pushStep(table, adopted, 1)
      else this.#input(adopted, message.port)
    }
    if (message.watermark !== undefined) {
      this.#watermarks.generated()
      this.#watermarks.advance(message.watermark)
    }
  }

  #input(batch: Batch, port: number): void {
    if (this.#operators.length === 0) this.#outputs.collect(this.#arena!, -1, batch, undefined)
    else this.#pushStep(0, batch, port)
  }

  #pushStep(step: number, batch: Batch, port: number): void {
    this.#ended.delete(step)
    // Rows that all instances see are counted once.
    if (step > 0 || this.#instance === 0 || this.#spec.placement !== 'shared') this.#meter.of(step).rows += batch.rowCount
    this.#meter.timed(step, () => this.#operators[step]!.push(batch, this.#out(step), port))
  }

  #emitted(step: number, batch: Batch, port?: string): void {
    if (batch.rowCount === 0) return
    assert(batch.arena === this.#arena?.address, `${this.#spec.steps[step]?.id ?? 'source'} emitted a batch of another arena`)
    if (step >= 0) this.#meter.emitted(step, batch)
    if (port === undefined && step + 1 < this.#operators.length) this.#pushStep(step + 1, batch, 0)
    else this.#outputs.collect(this.#arena!, step, batch, port)
  }

  // What a step emits at its end is pushed into the next ones before they settle and finish.
  *#finish(port: number): Steps {
    this.#portsOpen--
    const table = this.#tables.get(port)
    if (table !== undefined) return this.#operators[table]!.finish?.(this.#out(table), 1)
    if (this.#portsOpen === 0) return yield* this.#finishFrom(0, port)
    if (this.#operators.length === 0 || this.#ended.has(0)) return
    yield* this.#settle(true, [0])
    this.#operators[0]!.finish?.(this.#out(0), port)
  }

  // From `first` on; where that step was emitting piece by piece, with its next piece. Ends early where a step has more.
  *#finishFrom(first: number, port = 0): Steps {
    for (let step = first; step < this.#operators.length; step++) {
      const operator = this.#operators[step]!
      if (this.#ended.has(step)) continue
      if (step !== this.#draining) {
        operator.advance?.(Number.POSITIVE_INFINITY, this.#out(step))
        yield* this.#settle(true, [step])
      }
      this.#meter.timed(step, () => {
        if (step !== this.#draining) operator.finish?.(this.#out(step), step === 0 ? port : 0)
        this.#draining = operator.drain?.(this.#out(step)) ? step : -1
      })
      if (this.#draining >= 0) return
      this.#ended.add(step)
    }
    this.#watermarks.end()
  }

  #readSplit(split: ScanSplit): Steps {
    return readSplit(this.#spec.scan!, split, {
      device: this.#environment.device,
      batchRows: () => scanRows(this.#spec, this.#batchRows),
      shared: this.#shared,
      scanned: (batch, port, own, isData) => {
        if (isData) this.#rowsRead += batch.rowCount
        this.#meter.emitted(-1, batch)
        this.#scanned(batch, port, own)
      },
      count: this.#count,
      kept: this.#kept,
      timed: step => this.#meter.timed(-1, step),
    })
  }

  // The reader's arena becomes the message's arena while its batch goes down the chain; a batch of another arena is held by a fresh one.
  #scanned(batch: Batch, port: string | undefined, own: Arena | undefined): void {
    const arena = own ?? this.#environment.device.arena()
    if (!own) arena.hold(batch.arena)
    this.#arena = arena
    const adopted = { ...batch, arena: arena.address }
    try {
      if (port !== undefined) this.#outputs.collect(arena, -1, adopted, port)
      else this.#input(adopted, 0)
      this.#watermarks.generated()
    } finally {
      this.#arena = undefined
      arena.release()
    }
  }

  #context(where: string, bounded: boolean, step: number, stateBytesMax: number): OperatorContext {
    const arena = () => {
      assert(this.#arena, `${where} asked for an arena outside a call`)
      return this.#arena
    }
    // Where all instances give a part of the result, what each gives of one message follows what those before it give.
    const { placement, parallelism } = this.#spec
    return operatorContext(this.#environment, {
      where,
      bounded,
      instance: this.#instance,
      parallelism,
      stateBytesMax,
      spill: this.#spills[step]!,
      arena,
      sequence: () => (placement === 'shared' ? this.#sequence * parallelism + this.#instance : this.#sequence),
      count: this.#count,
      apart: emit => this.#emitApart(emit),
    })
  }
}
