// keyBy(…).process(…): users' functions with state by key and timers in both times. Rows of a key come in source order, and before each of them the timers fire that
// the watermark had passed just before it (its own `$watermark`), so that results depend on the rows alone. Rules: Apache Flink's KeyedProcessOperator.
import { PlanError } from '../base/errors.ts'
import { describeFunction, type FunctionReference, isClosure } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { rowReader } from '../batch/read-values.ts'
import { columnIndex, fieldOf, type Fields, parseSchema, type SchemaLike, visible } from '../batch/schema.ts'
import { gatherBatch } from '../compute/gather.ts'
import { timeAt } from '../compute/window.ts'
import { checkFunctions, checkShape, describeShape, type StateCursor, type StateShape, type StateStore } from '../state/keyed-state.ts'
import type { StateRun } from '../state/state-run.ts'
import { storeOf } from '../state/state-stores.ts'
import { TimerQueue } from '../state/timer-queue.ts'
import { KeyedBatch, type KeyRows, RowGrouper } from './keyed-batch.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { ProcessCalls, type ProcessFunctions } from './process-calls.ts'
import { ProcessKeys } from './process-keys.ts'
import { ProcessOutput } from './process-output.ts'
import { type NamedState, ProcessRuns } from './process-runs.ts'
import { watermarkColumn, watermarkField, watermarksOf } from './watermark.ts'

/**
 * Parameters of `process`. `function` makes the functions, afresh for each instance. `emits`: the columns of what is emitted, the input's unless said; `sides`:
 * those of the side outputs. `isTimed`: there is a watermark, or the input ends.
 */
export type ProcessParams = {
  readonly function: FunctionReference & Json
  readonly keys: readonly string[]
  readonly states: { readonly [name: string]: StateShape & Json }
  readonly emits?: SchemaLike & Json
  readonly sides?: { readonly [name: string]: SchemaLike & Json }
  readonly isTimed?: boolean
  /** State that every instance has, of what is broadcast. */
  readonly shared?: { readonly [name: string]: StateShape & Json }
  /** Whether what is broadcast comes before all rows ('append', which the scheduler knows) or beside them. */
  readonly mode?: 'append' | 'mix'
}

/** What is emitted, in the order of the calls, with `$watermark` where the input has it: what it was just before the row, or the timer. */
export const processOperator: OperatorType<ProcessParams> = {
  kind: 'process',
  inputCount: 1,
  placement: ({ function: reference }) => (isClosure(reference) ? 'main' : 'keyed'),
  stateWeight: 0,
  keys: ({ keys }) => keys,
  fields([input], params, where) {
    const { keys, states } = params
    if (keys.length === 0) throw new PlanError('PROCESS', `${where}: no keys; name the columns whose values have state each, as in keyBy('account')`)
    const twice = keys.find((key, i) => keys.indexOf(key) !== i)
    if (twice !== undefined) throw new PlanError('PROCESS', `${where}: "${twice}" is given twice; name each key once`)
    for (const key of keys) fieldOf(input!, key, where)
    for (const [name, shape] of Object.entries(states)) checkShape(name, shape, where)
    for (const [name, shape] of Object.entries(params.shared ?? {})) {
      checkShape(name, shape, where)
      if (shape.ttlMs !== undefined) throw new PlanError('TTL', `${where}, state "${name}": shared state has no ttl, since every instance must have the same; clear it in onBroadcast`)
      if (states[name]) throw new PlanError('STATE', `${where}, state "${name}": it is shared, and of each key; give one of them another name`)
    }
    sideFields(input!, params, where)
    return emitted(input!, params.emits ? parseSchema(params.emits, `${where}, emits`) : visible(input!))
  },
  sidePorts: ([input], params) => sideFields(input!, params, 'process'),
  describe: ({ keys, states, shared, function: reference }) => `by ${keys.join(', ')} with ${describeFunction(reference)}${Object.entries({ ...states, ...shared }).map(([name, shape]) => `; ${name}: ${describeShape(shape)}`).join('')}`,
  create: (context, params, [input]) => new Process(context, params, input!),
}

/** As `process`, of two inputs: rows that every instance sees, and those that have keys. */
export const processBroadcastOperator: OperatorType<ProcessParams> = {
  ...processOperator,
  kind: 'processBroadcast',
  stateKind: 'process',
  inputCount: 2,
  broadcastPort: 0,
  keys: ({ keys }, port) => (port === 0 ? [] : keys),
  fields: ([, input], params, where) => processOperator.fields([input!], params, where),
  sidePorts: ([, input], params) => processOperator.sidePorts!([input!], params),
  create: (context, params, [, input]) => new Process(context, params, input!),
}

function sideFields(input: Fields, { sides = {} }: ProcessParams, where: string): Record<string, Fields> {
  return Object.fromEntries(Object.entries(sides).map(([name, schema]) => [name, emitted(input, parseSchema(schema, `${where}, side output "${name}"`))]))
}

function emitted(input: Fields, fields: Fields): Fields {
  return input.some(field => field.name === watermarkColumn) ? [...fields, watermarkField] : fields
}

/** Rows emitted at the end, at a time. */
const drainRows = 65_536
/** Keys without state or timers are looked for once there are so many, and twice as many as were left. */
const compactMin = 4_096
/** What has ended is looked for so many times in its time to live. */
const sweeps = 4

class Process implements Operator {
  readonly #context: OperatorContext
  readonly #functions: ProcessFunctions
  readonly #keyAt: readonly number[]
  readonly #watermark: number
  readonly #keys: ProcessKeys
  readonly #calls = new ProcessCalls()
  readonly #states: readonly StateStore[]
  readonly #output: ProcessOutput
  readonly #grouper = new RowGrouper()
  readonly #event = new TimerQueue()
  readonly #processing = new TimerQueue()
  readonly #runs: ProcessRuns
  /** How often what has ended is looked for, by each time, and from when on next. */
  readonly #sweepMs: Readonly<Record<'clock' | 'event', number>>
  readonly #sweepAt = { clock: Number.NEGATIVE_INFINITY, event: Number.NEGATIVE_INFINITY }
  #compactAt = compactMin
  readonly #hasBroadcast: boolean
  /** Inputs that go on. */
  #open: number
  #last = Number.NEGATIVE_INFINITY

  constructor(context: OperatorContext, params: ProcessParams, input: Fields) {
    const { device, where } = context
    const keyFields = params.keys.map(key => fieldOf(input, key, where))
    this.#context = context
    this.#functions = (context.userFunction!(params.function) as () => ProcessFunctions)()
    this.#keyAt = params.keys.map(key => columnIndex(input, key, where))
    this.#watermark = input.findIndex(f => f.name === watermarkColumn)
    this.#keys = new ProcessKeys(device, keyFields)
    this.#output = new ProcessOutput(context, processOperator.fields([input], params, where), sideFields(input, params, where), gid => this.#calls.placeOf(gid))
    const shapes = Object.entries(params.states)
    const storesOf = (all: typeof shapes, cursor: StateCursor, of: ProcessFunctions['state']): NamedState[] =>
      all.map(([name, shape]) => {
        const functions = of?.[name]?.functions ?? {}
        checkFunctions(name, shape, functions, where)
        return { name, shape, store: storeOf(cursor, name, shape, functions) }
      })
    const states = storesOf(shapes, this.#calls, this.#functions.state)
    const shared = storesOf(Object.entries(params.shared ?? {}), { gid: 0, clock: 0, watermark: Number.NEGATIVE_INFINITY, place: () => this.#calls.place() }, this.#functions.shared)
    const handles = (all: readonly NamedState[]) => Object.fromEntries(all.map(({ name, store }) => [name, store.handle]))
    this.#states = states.map(({ store }) => store)
    this.#hasBroadcast = params.mode !== undefined
    this.#open = this.#hasBroadcast ? 2 : 1
    this.#calls.begin({
      where,
      functions: this.#functions,
      keys: this.#keys,
      states: handles(states),
      shared: handles(shared),
      eachKey: visit => this.#eachKey(visit),
      event: this.#event,
      processing: this.#processing,
      output: this.#output,
      isTimed: params.isTimed ?? context.bounded,
      leftOut: () => context.count('timersLeftOut', 1),
    })
    this.#sweepMs = { clock: sweepMs(shapes, 'clock'), event: sweepMs(shapes, 'event') }
    this.#runs = new ProcessRuns(context, { keys: this.#keys, keyFields, states, shared, event: this.#event, processing: this.#processing })
  }

  push(batch: Batch, out: Output, port: number): void {
    const { arena, bounded, clock } = this.#context
    this.#output.begin(out)
    this.#calls.clock = Math.max(this.#calls.clock, clock.now())
    if (this.#hasBroadcast && port === 0) return this.#pushBroadcast(batch)
    // Where the input ends, those of the clock fire at the end.
    if (!bounded) this.#fireProcessing(this.#calls.clock)
    const gids = this.#keys.find(arena, this.#keyAt.map(i => batch.columns[i]!), batch.rowCount)
    const watermarks = watermarksOf(this.#context, batch, this.#watermark, this.#last)
    const reached = (row: number) => (watermarks === 0 ? Number.NEGATIVE_INFINITY : timeAt(this.#context.device, watermarks + 8 * row))
    if (this.#functions.onBatch) this.#pushBatch(batch, gids, reached)
    else this.#pushRows(batch, gids, reached)
    this.#leave()
    this.#sweep('clock', this.#calls.clock)
  }

  #pushBroadcast(batch: Batch): void {
    const read = rowReader(this.#context.device.memory, batch)
    this.#at(-1, this.#last, this.#last)
    for (let row = 0; row < batch.rowCount; row++) this.#calls.run('onBroadcast', read(row))
    if (this.#event.least <= this.#last) this.#fireEvent(this.#last)
    this.#leave()
  }

  #eachKey(visit: () => void): void {
    for (const state of this.#states) state.expire()
    const live = this.#live()
    for (let gid = 0; gid < live.length; gid++) {
      if (live[gid] === 0) continue
      this.#at(gid, this.#last, this.#last)
      visit()
    }
    this.#at(-1, this.#last, this.#last)
  }

  #pushRows(batch: Batch, gids: Uint32Array, reached: (row: number) => number): void {
    const read = rowReader(this.#context.device.memory, batch)
    const calls = this.#calls
    for (let row = 0; row < batch.rowCount; row++) {
      const watermark = reached(row)
      if (this.#event.least <= watermark) this.#fireEvent(watermark)
      this.#at(gids[row]!, watermark, watermark)
      calls.run('onRow', read(row))
      // Timers that were set for a time that has passed.
      if (this.#event.least <= watermark) this.#fireEvent(watermark)
    }
  }

  // A batch is handed over in parts, where timers fire between its rows.
  #pushBatch(batch: Batch, gids: Uint32Array, reached: (row: number) => number): void {
    for (let start = 0, end = 0; start < batch.rowCount; start = end) {
      const first = reached(start)
      if (this.#event.least <= first) this.#fireEvent(first)
      for (end = start + 1; end < batch.rowCount && this.#event.least > reached(end); ) end++
      this.#pushPart(batch, gids, reached, start, end)
      const last = reached(end - 1)
      if (this.#event.least <= last) this.#fireEvent(last)
    }
  }

  #pushPart(batch: Batch, gids: Uint32Array, reached: (row: number) => number, start: number, end: number): void {
    const { device, arena } = this.#context
    const { gids: groupKeys, starts, rows } = this.#grouper.group(gids, start, end, this.#keys.count)
    const indices = arena.allocate(4 * rows.length)
    device.memory.uint32s(indices, rows.length).set(rows)
    const grouped = gatherBatch(device, arena, batch, indices, rows.length)
    const calls = this.#calls
    const at = (gid: number, row: number) => {
      const watermark = reached(row)
      this.#at(gid, watermark, watermark)
    }
    function* groups(): Generator<KeyRows> {
      try {
        for (let i = 0; i < groupKeys.length; i++) {
          at(groupKeys[i]!, rows[starts[i + 1]! - 1]!)
          const { key } = calls.call as KeyRows
          yield { key, start: starts[i]!, end: starts[i + 1]! }
        }
      } finally {
        at(-1, end - 1)
      }
    }
    at(-1, end - 1)
    calls.run('onBatch', new KeyedBatch(device, grouped, groups))
  }

  #at(gid: number, watermark: number, mark: number): void {
    this.#calls.gid = gid
    this.#calls.watermark = watermark
    this.#calls.mark = mark
  }

  #leave(): void {
    this.#output.flush()
    this.#at(-1, this.#last, this.#last)
  }

  // In the order of their times. Those that were set for a time that had passed fire at the watermark at which they were set.
  #fireEvent(watermark: number, rowsMax = Number.POSITIVE_INFINITY): void {
    this.#calls.domain = 'event'
    while (this.#event.least <= watermark && this.#event.count > 0 && this.#output.count < rowsMax) {
      const { gid, time, passed } = this.#event.pop()
      this.#at(gid, Math.max(time, passed), Math.max(time - 1, passed))
      this.#calls.run('onTimer', time)
    }
    this.#calls.domain = undefined
  }

  #fireProcessing(now: number, rowsMax = Number.POSITIVE_INFINITY): void {
    this.#calls.domain = 'processing'
    while (this.#processing.least <= now && this.#processing.count > 0 && this.#output.count < rowsMax) {
      const { gid, time } = this.#processing.pop()
      this.#at(gid, this.#last, this.#last)
      this.#calls.run('onTimer', time)
    }
    this.#calls.domain = undefined
    if (this.#event.least <= this.#last) this.#fireEvent(this.#last)
  }

  advance(watermark: number, out: Output): void {
    // At the end timers fire piece by piece: `drain`.
    if (watermark === Number.POSITIVE_INFINITY) return
    this.#output.begin(out)
    this.#last = watermark
    this.#fireEvent(watermark)
    this.#leave()
    this.#sweep('event', watermark)
  }

  tick(now: number, out: Output): void {
    this.#output.begin(out)
    this.#calls.clock = Math.max(this.#calls.clock, now)
    this.#fireProcessing(this.#calls.clock)
    this.#leave()
    this.#sweep('clock', this.#calls.clock)
  }

  finish(): void {
    if (--this.#open > 0) return
    this.#calls.clock = Math.max(this.#calls.clock, this.#context.clock.now())
    this.#calls.hasEnded = true
  }

  drain(out: Output): boolean {
    this.#output.begin(out)
    this.#fireEvent(Number.POSITIVE_INFINITY, drainRows)
    if (this.#event.count === 0) this.#fireProcessing(Number.POSITIVE_INFINITY, drainRows)
    this.#leave()
    return this.#event.count + this.#processing.count > 0
  }

  // Lets go of what has ended by one of the times, and of keys that have nothing left.
  #sweep(by: 'clock' | 'event', now: number): void {
    const isDue = now >= this.#sweepAt[by] && Number.isFinite(this.#sweepMs[by])
    if (isDue) {
      this.#sweepAt[by] = now + this.#sweepMs[by]
      for (const state of this.#states) state.expire()
    }
    if (this.#keys.count >= (isDue ? compactMin : this.#compactAt)) this.#compact()
  }

  #compact(): void {
    const live = this.#live()
    const left = live.reduce((sum, one) => sum + one, 0)
    this.#compactAt = Math.max(compactMin, 2 * left)
    if (2 * left > live.length) return
    const { kept, numbers } = this.#keys.compact(live)
    for (const state of this.#states) state.renumber(kept)
    for (const timers of [this.#event, this.#processing]) timers.renumber(numbers)
  }

  // Keys that have state or timers.
  #live(): Uint8Array {
    const live = new Uint8Array(this.#keys.count)
    for (const part of [...this.#states, this.#event, this.#processing]) part.mark(live)
    return live
  }

  snapshot(): StateRun[] {
    return this.#runs.write(this.#last)
  }
  restore(runs: readonly StateRun[]): void {
    this.#calls.clock = this.#context.clock.now()
    this.#last = this.#runs.read(runs)
  }

  close(): void {
    this.#keys.close()
  }
}

function sweepMs(shapes: readonly (readonly [string, StateShape])[], by: 'clock' | 'event'): number {
  const lives = shapes.flatMap(([, { ttlMs, ttlBy = 'clock' }]) => (ttlMs !== undefined && ttlBy === by ? [ttlMs] : []))
  return Math.min(...lives) / sweeps
}
