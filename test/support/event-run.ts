// Runs a chain of operators in event time, as the engine does: single and keyed stages, batches cut anywhere, watermarks after the batches
// that carried them, snapshots and restores at any point, to any number of instances.
import { keyGroupRange } from '../../src/base/hash.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import type { Fields } from '../../src/batch/schema.ts'
import { partitionBatch } from '../../src/compute/partition.ts'
import { retainArena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import type { AnyOperatorType, Operator, OperatorContext, OperatorType, Output } from '../../src/operators/operator.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { type ChangedRow, changesOf } from './changes.ts'
import { storedRuns } from './stored-runs.ts'

/** One operator with its parameters. */
export interface Step {
  readonly type: AnyOperatorType
  readonly params: unknown
}

/** A clock that stands still until it is moved. */
export function handClock(start = 0): Clock & { set(now: number): void } {
  let now = start
  return {
    now: () => now,
    elapsed: () => now,
    sleep: async () => {},
    set: to => {
      now = to
    },
  }
}

interface Instance {
  readonly operator: Operator
  readonly context: { arena: OperatorContext['arena'] }
}

type Act = (operator: Operator, out: Output, arena: OperatorContext['arena']) => void

/** A running chain. Rows that come out are read at once; side outputs by port. */
export class EventRun {
  readonly rows: PlainRow[] = []
  /** The rows with what each is. */
  readonly changes: ChangedRow[] = []
  #rowsTaken = 0n
  readonly side: Record<string, PlainRow[]> = {}
  readonly counts: Record<string, number> = {}
  readonly #device: Device
  readonly #steps: readonly Step[]
  readonly #inputs: Fields[]
  readonly #clock: Clock
  readonly #more: Partial<OperatorContext>
  #parallelism: number
  #instances: Instance[][] = []
  #watermarks: number[] = []
  constructor(device: Device, input: Fields, steps: readonly Step[], parallelism = 1, clock: Clock = handClock(), more: Partial<OperatorContext> = {}) {
    this.#more = more
    this.#device = device
    this.#steps = steps
    this.#clock = clock
    this.#parallelism = parallelism
    this.#inputs = [input]
    steps.forEach((step, i) => this.#inputs.push(typeOf(step).fields([this.#inputs[i]!], step.params as never, `step ${i}`)))
    this.#open(undefined)
  }
  get fields(): Fields {
    return this.#inputs.at(-1)!
  }

  push(rows: readonly Record<string, unknown>[]): void {
    const arena = this.#device.arena()
    this.pushBatch(buildBatch(this.#device, arena, this.#inputs[0]!, rows, 'test'))
  }
  /** Takes over the batch's reference. */
  pushBatch(batch: Batch): void {
    try {
      this.#into(0, batch)
    } finally {
      releaseBatch(this.#device, batch)
    }
    this.#generated()
  }
  advance(watermark: number): void {
    this.#advance(0, watermark)
  }
  tick(now: number): void {
    this.#steps.forEach((_, step) => this.#call(step, (operator, out) => operator.tick?.(now, out)))
    this.#generated()
  }
  finish(): void {
    this.#steps.forEach((_, step) => {
      this.#call(step, (operator, out) => operator.advance?.(Number.POSITIVE_INFINITY, out))
      this.#call(step, (operator, out) => operator.finish?.(out, 0))
      this.#call(step, (operator, out) => {
        while (operator.drain?.(out));
      })
    })
  }
  snapshot(): StateRun[][] {
    return this.#instances.map(list => storedRuns(list.flatMap(({ operator }) => operator.snapshot?.() ?? [])))
  }
  /** Closes all instances and goes on from their snapshot, or from an earlier one, with `parallelism` new ones. */
  restart(parallelism: number, runs = this.snapshot()): void {
    this.close()
    this.#parallelism = parallelism
    this.#open(runs)
  }
  close(): void {
    for (const list of this.#instances) for (const { operator } of list) operator.close?.()
    this.#instances = []
  }

  #open(runs: StateRun[][] | undefined): void {
    this.#watermarks = this.#steps.map(() => Number.NEGATIVE_INFINITY)
    this.#instances = this.#steps.map((step, i) => {
      const type = typeOf(step)
      const parallelism = type.placement(step.params as never) === 'keyed' ? this.#parallelism : 1
      return Array.from({ length: parallelism }, (_, instance) => {
        const context = {
          device: this.#device,
          clock: this.#clock,
          instance,
          parallelism,
          where: `step ${i}`,
          bounded: false,
          ...this.#more,
          takeOrder: (rows: number) => (this.#rowsTaken += BigInt(rows)) - BigInt(rows),
          count: (metric: string, by: number) => {
            this.counts[metric] = (this.counts[metric] ?? 0) + by
          },
        } as unknown as OperatorContext
        const operator = type.create(context, step.params as never, [this.#inputs[i]!])
        const range = keyGroupRange(instance, parallelism)
        if (runs) operator.restore?.(runs[i]!.filter(run => run.keyGroups.start < range.end && range.start < run.keyGroups.end))
        return { operator, context }
      })
    })
  }

  #into(step: number, batch: Batch): void {
    if (batch.rowCount === 0) return
    if (step === this.#steps.length) {
      this.changes.push(...changesOf(this.#device, batch))
      return this.#read(batch, this.rows)
    }
    const instances = this.#instances[step]!
    const keys = typeOf(this.#steps[step]!).keys?.(this.#steps[step]!.params as never, 0) ?? []
    const arena = this.#device.arena()
    try {
      const parts = instances.length === 1 ? [batch] : partitionBatch(this.#device, arena, batch, keys, instances.length)
      parts.forEach((part, i) => {
        if (!part) return
        this.#run(step, instances[i]!, (operator, out, own) => {
          retainArena(this.#device, part.arena)
          own.hold(part.arena)
          operator.push({ ...part, arena: own.address }, out, 0)
        })
      })
    } finally {
      arena.release()
    }
  }

  #advance(from: number, watermark: number): void {
    let current = watermark
    for (let step = from; step < this.#steps.length; step++) {
      if (current <= this.#watermarks[step]!) return
      this.#watermarks[step] = current
      const at = current
      this.#call(step, (operator, out) => operator.advance?.(at, out))
      const { operator } = this.#instances[step]![0]!
      if (operator.watermark) current = operator.watermark()
    }
  }

  #generated(): void {
    this.#steps.forEach((_, step) => {
      const { operator } = this.#instances[step]![0]!
      if (operator.watermark) this.#advance(step + 1, operator.watermark())
    })
  }

  #call(step: number, act: Act): void {
    for (const instance of this.#instances[step]!) this.#run(step, instance, act)
  }

  #run(step: number, instance: Instance, act: Act): void {
    const arena = this.#device.arena()
    instance.context.arena = arena
    const emit = (batch: Batch, port?: string) => {
      if (batch.arena !== arena.address) throw new Error(`step ${step} emitted a batch of another arena`)
      if (port === undefined) this.#into(step + 1, batch)
      else this.#read(batch, (this.side[port] ??= []))
    }
    try {
      act(instance.operator, { emit }, arena)
    } finally {
      arena.release()
    }
  }

  #read(batch: Batch, to: PlainRow[]): void {
    const read = rowReader(this.#device.memory, batch)
    for (let row = 0; row < batch.rowCount; row++) to.push(read(row))
  }
}

function typeOf(step: Step): OperatorType<never> {
  return step.type as OperatorType<never>
}
