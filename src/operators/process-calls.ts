// The calls of a process step's functions: what they are given, and whom an error is of.
import { DataError, MillraceError, PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { Value } from '../batch/read-values.ts'
import { shown, type StateCursor, type StateFunctions } from '../state/keyed-state.ts'
import type { TimerQueue } from '../state/timer-queue.ts'
import type { ProcessKeys } from './process-keys.ts'
import type { ProcessOutput } from './process-output.ts'

/** Which time a timer is of. */
export type TimeDomain = 'event' | 'processing'

/** What users write, as the step finds it. */
export interface ProcessFunctions {
  readonly state?: Readonly<Record<string, { readonly functions?: StateFunctions }>>
  onRow?(row: unknown, call: object): unknown
  onBatch?(rows: unknown, call: object): unknown
  onTimer?(time: number, call: object): unknown
  readonly shared?: ProcessFunctions['state']
  onBroadcast?(row: unknown, call: object): unknown
}

/** What a step has by key. */
export interface ProcessParts {
  readonly where: string
  readonly functions: ProcessFunctions
  readonly keys: ProcessKeys
  readonly states: Readonly<Record<string, object>>
  /** What all instances share: onBroadcast writes it, the others read it. */
  readonly shared: Readonly<Record<string, object>>
  /** Calls `visit` for each key that has state or timers, as the key at hand. */
  eachKey(visit: () => void): void
  readonly event: TimerQueue
  readonly processing: TimerQueue
  readonly output: ProcessOutput
  /** False on a stream that has no watermark: timers of event time would never fire. */
  readonly isTimed: boolean
  /** A timer was set when the input had ended. */
  leftOut(): void
}

// What a call was about, for messages.
const subjects = {
  onRow: (row: unknown) => `row ${shown(row)}`,
  onBatch: (rows: unknown) => `a batch of ${(rows as BatchView).numRows} rows`,
  onBroadcast: (row: unknown) => `row ${shown(row)}`,
  onTimer: (time: unknown) => `its timer of ${new Date(time as number).toISOString()}`,
}

/** Times that a Date can hold. */
const timeMax = 8.64e15

/** The call at hand: its key and times are set before users' functions are called, and read by what these are given. */
export class ProcessCalls implements StateCursor {
  gid = -1
  clock = Number.NEGATIVE_INFINITY
  watermark = Number.NEGATIVE_INFINITY
  /** What the watermark was just before what is emitted. */
  mark = Number.NEGATIVE_INFINITY
  /** The input has ended: timers that are set now are left out, as in Apache Flink (BatchExecutionInternalTimeService). */
  hasEnded = false
  domain: TimeDomain | undefined
  #parts: ProcessParts | undefined
  /** A user's function is at work. */
  #isCalled = false
  /** What users' functions are given beside a row or a time: the same object every time. */
  call: object = {}
  /** What onBroadcast is given. */
  broadcast: object = {}

  /** Before the first call; `where` is asked for before, too. */
  begin(parts: ProcessParts): void {
    this.#parts = parts
    const emitTo = (side: string | undefined, row: unknown) => {
      if (!this.#isCalled) throw new PlanError('EMIT', `${this.place()}: a row is emitted when no function is called, and belongs to no row or timer; emit inside of onRow, onBatch or onTimer`)
      parts.output.emit(side, row, this.gid, this.mark)
    }
    const emit = Object.assign((row: unknown) => emitTo(undefined, row), { to: emitTo })
    const key = () => this.#key()
    const domain = () => this.domain
    this.call = {
      state: parts.states,
      shared: Object.fromEntries(Object.entries(parts.shared).map(([name, handle]) => [name, readOnly(handle, name, this)])),
      timers: this.#timers(parts),
      emit,
      get key() {
        return key()
      },
      get domain() {
        return domain()
      },
    }
    this.broadcast = this.#ofBroadcast(parts)
  }

  // Of what a row says to all instances none may emit for itself: how many there are would show.
  #ofBroadcast(parts: ProcessParts): object {
    const [watermark, now] = [() => this.watermark, () => this.clock]
    return {
      state: parts.shared,
      forEachKey: (visit: (call: object) => unknown) => parts.eachKey(() => void visit(this.call)),
      get watermark() {
        return watermark()
      },
      get now() {
        return now()
      },
    }
  }

  place(): string {
    return this.placeOf(this.gid)
  }
  /** The step and a key, as messages begin. */
  placeOf(gid: number): string {
    const { where, keys } = this.#parts!
    return gid < 0 ? where : `${where}, ${keys.text(gid)}`
  }

  /** Calls a user's function. What it throws is a DataError USER_FUNCTION of the step, the key and the row; a promise is refused. */
  run(name: 'onRow' | 'onBatch' | 'onTimer' | 'onBroadcast', argument: unknown): void {
    let result: unknown
    this.#isCalled = true
    try {
      result = (this.#parts!.functions[name] as (argument: unknown, call: object) => unknown)(argument, name === 'onBroadcast' ? this.broadcast : this.call)
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause
      throw new DataError('USER_FUNCTION', `${this.place()}: ${name} threw for ${subjects[name](argument)}: ${cause instanceof Error ? cause.message : String(cause)}; catch it inside, or filter such rows out before`, { cause })
    } finally {
      this.#isCalled = false
    }
    if (!(result instanceof Promise)) return
    result.catch(() => {})
    throw new DataError('USER_RESULT', `${this.place()}: ${name} returned a promise; process functions don't wait, so that state changes row by row; ask services with mapAsync before`)
  }

  #key(): Value {
    if (this.gid < 0) throw new PlanError('STATE_KEY', `${this.place()}: a key is asked for where there is none; use it in onRow and onTimer, and in onBatch inside of rows.groups()`)
    return this.#parts!.keys.value(this.gid)
  }

  #timers(parts: ProcessParts): object {
    const [watermark, now] = [() => this.watermark, () => this.clock]
    const at = (time: unknown, plus: unknown) => this.#time(time, plus)
    const set = (queue: TimerQueue, time: number) => {
      if (typeof parts.functions.onTimer !== 'function') throw new PlanError('TIMER', `${this.place()}: a timer is set, and there is no onTimer that it could call; give one`)
      if (this.hasEnded) parts.leftOut()
      else queue.add(this.gid, time, queue === parts.event ? this.watermark : Number.NEGATIVE_INFINITY)
    }
    return {
      eventTime: (time: unknown, plus: unknown = 0) => {
        if (!parts.isTimed) throw new PlanError('NO_WATERMARK', `${this.place()}: a timer of event time on a stream without a watermark would never fire; call .watermark('time', { bound: '5s' }) before keyBy`)
        set(parts.event, at(time, plus))
      },
      processingTime: (time: unknown, plus: unknown = 0) => set(parts.processing, at(time, plus)),
      deleteEventTime: (time: unknown, plus: unknown = 0) => parts.event.delete(this.gid, at(time, plus)),
      deleteProcessingTime: (time: unknown, plus: unknown = 0) => parts.processing.delete(this.gid, at(time, plus)),
      get watermark() {
        return watermark()
      },
      get now() {
        return now()
      },
    }
  }

  #time(given: unknown, plus: unknown): number {
    this.#key()
    const at = given instanceof Date ? given.getTime() : given
    const time = typeof at === 'number' ? at + (typeof plus === 'number' ? plus : parseDuration(plus as Duration, `${this.place()}: a timer`)) : Number.NaN
    if (Number.isInteger(time) && Math.abs(time) <= timeMax) return time
    throw new PlanError('TIMER', `${this.place()}: a timer is set for ${shown(given)}${plus === 0 ? '' : ` plus ${shown(plus)}`}; give whole milliseconds since the epoch, or a Date`)
  }
}

const writing = ['set', 'add', 'delete', 'clear']

// A handle whose writing functions are refused.
function readOnly(handle: object, name: string, cursor: StateCursor): object {
  const refuse = () => {
    throw new PlanError('STATE_SHARED', `${cursor.place()}: the shared state "${name}" is written where only one instance would see it; write it in onBroadcast`)
  }
  const own = Object.getOwnPropertyDescriptors(handle)
  return Object.defineProperties({}, Object.fromEntries(Object.entries(own).map(([member, one]) => [member, writing.includes(member) ? { ...one, value: refuse } : one])))
}
