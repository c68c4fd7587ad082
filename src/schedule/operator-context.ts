// What an operator sees of the task that it is in: see operators/operator.ts › OperatorContext.
import type { Clock } from '../base/clock.ts'
import { assert } from '../base/errors.ts'
import type { UserFunction } from '../base/function-reference.ts'
import type { SpillStore } from '../base/spill.ts'
import type { ReadyGpu } from '../compute/ready-gpu.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { OperatorContext } from '../operators/operator.ts'
import { RowSequence } from './row-sequence.ts'

/** What a task is given by the thread it lives on. */
export interface TaskEnvironment {
  readonly device: Device
  readonly clock: Clock
  readonly userFunctions: ReadonlyMap<string, UserFunction>
  /** The GPU, on the engine's thread of an engine that has opened one. */
  readonly gpu?: ReadyGpu
}

/** The task's part of it, for one step. */
export interface StepPlace {
  readonly where: string
  readonly bounded: boolean
  readonly instance: number
  readonly parallelism: number
  readonly stateBytesMax: number
  readonly spill: SpillStore
  /** The arena of the message at hand. */
  readonly arena: () => Arena
  /** The number of the message at hand. */
  readonly sequence: () => number
  readonly count: (metric: string, by: number) => void
  readonly apart: (emit: () => void) => void
}

/** The context of a step. */
export function operatorContext({ device, clock, gpu, userFunctions }: TaskEnvironment, { arena, sequence, ...place }: StepPlace): OperatorContext {
  const order = new RowSequence()
  return {
    ...place,
    device,
    clock,
    gpu,
    get arena() {
      return arena()
    },
    takeOrder: rows => order.take(sequence(), rows),
    userFunction: reference => {
      const found = userFunctions.get(JSON.stringify(reference))
      assert(found, `${place.where}: the user function was not loaded`)
      return found
    },
  }
}
