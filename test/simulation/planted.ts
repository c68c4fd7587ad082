// Bugs that are planted, by name, to see whether the simulation finds them: each changes one thing that the engine does, for as long as it stands.
import { keyGroupRange } from '../../src/base/hash.ts'
import type { Json } from '../../src/base/json.ts'
import type { BatchView } from '../../src/batch/batch-view.ts'
import type { Item } from '../../src/schedule/flow.ts'
import type { StepRuns, TaskMessage, TaskReply } from '../../src/schedule/messages.ts'
import { FeedRun } from '../../src/schedule/source-run.ts'
import { StageRun } from '../../src/schedule/stage-run.ts'
import { PartFiles } from '../../src/sink/part-files.ts'
import type { Session } from './session.ts'
import type { Plant } from './simulate.ts'

type Planting = () => { plant?: Plant; undo?: () => void }

// Puts another method in place of a class's own; `make` gets the own one.
function instead<T extends object, K extends keyof T>(type: { prototype: T }, name: K, make: (own: T[K]) => T[K]): { undo: () => void } {
  const own = type.prototype[name]
  type.prototype[name] = make(own)
  return {
    undo: () => {
      type.prototype[name] = own
    },
  }
}

type Sync = () => Promise<void>
// Changes every sync of a file.
function withSync(session: Session, change: (own: Sync) => Sync): void {
  const { files, output } = session
  const [open, openPlaced, sync] = [files.open, files.openPlaced, output.sync]
  files.open = async (path, how) => {
    const file = await open(path, how)
    return { ...file, sync: change(file.sync) }
  }
  files.openPlaced = async (path, how) => {
    const file = await openPlaced(path, how)
    return { ...file, sync: change(file.sync) }
  }
  output.sync = descriptor => change(() => sync(descriptor))()
}

// A batch is held back until the next item that `isOvertaking` says; then that comes first.
function overtaken(isOvertaking: (item: Item) => boolean): ReturnType<Planting> {
  const held = new WeakMap<StageRun, { item: Item; port: number }>()
  const abandoning = new WeakSet<StageRun>()
  const abandoned = instead(StageRun, 'abandon', own => {
    return function (this: StageRun): void {
      own.call(this)
      abandoning.add(this)
      const waiting = held.get(this)
      held.delete(this)
      if (waiting) this.enqueue(waiting.item, waiting.port)
    }
  })
  const enqueued = instead(StageRun, 'enqueue', own => {
    return function (this: StageRun, item: Item, port: number): void {
      const waiting = held.get(this)
      if (!waiting && !abandoning.has(this) && item.kind === 'batch' && item.parts) {
        held.set(this, { item, port })
        return
      }
      held.delete(this)
      const isFirst = waiting?.port === port && isOvertaking(item)
      if (waiting && !isFirst) own.call(this, waiting.item, waiting.port)
      own.call(this, item, port)
      if (waiting && isFirst) own.call(this, waiting.item, waiting.port)
    }
  })
  return {
    undo: () => {
      enqueued.undo()
      abandoned.undo()
    },
  }
}

/** The bugs. */
export const bugs: Record<string, Planting> = {
  'files are not synced': () => ({ plant: { session: session => withSync(session, () => async () => {}) } }),
  'a failed sync is made again, and trusted': () => ({ plant: { session: session => withSync(session, own => () => own().catch(own)) } }),
  'files are renamed, and the folder is not synced': () => ({
    plant: {
      session({ files, output }) {
        files.syncFolder = async () => {}
        output.syncFolder = async () => {}
      },
    },
  }),
  'a short write is taken for a whole one': () => ({
    plant: {
      session({ output, files }) {
        const [write, openPlaced] = [output.write, files.openPlaced]
        output.write = (descriptor, bytes, offset) => {
          write(descriptor, bytes, offset)
          return bytes.length - offset
        }
        files.openPlaced = async (path, how) => {
          const file = await openPlaced(path, how)
          return { ...file, write: (bytes, offset, position) => file.write(bytes, offset, position).then(() => bytes.length - offset) }
        }
      },
    },
  }),
  'a credit is lost now and then': () => {
    let replies = 0
    return instead(StageRun, 'replied', own => {
      return function (this: StageRun, index: number, reply: TaskReply): void {
        if (++replies % 40 === 0) this.instances[index]!.inFlight++
        own.call(this, index, reply)
      }
    })
  },
  'a batch is emitted twice now and then': () => {
    let batches = 0
    return instead(PartFiles<never>, 'write', own => {
      return async function (this: PartFiles<never>, view: BatchView, at: { epoch: number }): Promise<void> {
        await own.call(this, view, at)
        if (++batches % 30 === 0) await own.call(this, view, at)
      }
    })
  },
  'an epoch is committed before its manifest is written': () =>
    instead(PartFiles<never>, 'prepare', own => {
      return async function (this: PartFiles<never>, epoch, end): Promise<Json> {
        const handle = await own.call(this, epoch, end)
        await this.commit(0, handle)
        return handle
      }
    }),
  'a barrier overtakes rows': () => overtaken(item => item.kind === 'barrier' && !item.barrier.final),
  'a watermark overtakes rows': () => overtaken(item => item.kind === 'batch' && !item.parts),
  'state goes to the instance of other key groups': () => ({
    plant: {
      host(host) {
        host.passing = message => (message.type === 'open' ? { ...message, restore: misplaced(message) } : message)
      },
    },
  }),
  'a position is saved ahead of its rows': () =>
    instead(FeedRun, 'requestBarrier', own => {
      return function (this: FeedRun, barrier, reached): void {
        own.call(this, barrier, position => {
          const { offsets, until } = position as { offsets: number[]; until: number }
          const read = offsets.reduce((sum, offset) => sum + offset, 0)
          reached({ offsets: offsets.map((offset, i) => (i === 0 && read < until ? offset + 1 : offset)), until })
        })
      }
    }),
}

// The state of the next instance's key groups.
function misplaced({ restore, spec, instance }: Extract<TaskMessage, { type: 'open' }>): StepRuns {
  if (spec.placement !== 'keyed' || spec.parallelism === 1) return restore
  const other = keyGroupRange((instance + 1) % spec.parallelism, spec.parallelism)
  return Object.fromEntries(Object.entries(restore).map(([step, runs]) => [step, runs.filter(run => run.keyGroups.start >= other.start && run.keyGroups.end <= other.end)]))
}
