// Threads that run tasks: a worker thread, or the engine's own thread. Both take the same messages and answer each with one reply.
import type { Worker } from 'node:worker_threads'
import type { Clock } from '../base/clock.ts'
import { nextTurn } from '../base/turn.ts'
import { DeviceError, encodeError } from '../base/errors.ts'
import { adoptHidden, hiddenIn } from '../base/hidden.ts'
import type { FunctionReference, UserFunction } from '../base/function-reference.ts'
import { isClosure } from '../base/function-reference.ts'
import type { ReadyGpu } from '../compute/ready-gpu.ts'
import { workerUrl } from '../device/assets.ts'
import { releaseArena } from '../device/arena.ts'
import { arenaOf } from '../batch/pack-batch.ts'
import type { Device } from '../device/device.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { TaskMessage, TaskReply } from './messages.ts'
import { Task } from './task.ts'

/** A thread that runs tasks. Replies come in the order of the messages. */
export interface TaskHost {
  send(message: TaskMessage): void
  /** Called with each reply; set once by the engine. */
  onReply: (reply: TaskReply) => void
  /** The thread has died; messages to it get no reply. */
  readonly dead: boolean
  /** Called when the thread dies. */
  onDeath: (error: Error) => void
  close(): Promise<void>
}

/** Runs messages of tasks on the calling thread; a closure comes from `bindings`, an exported function from its module. */
export class TaskRunner {
  readonly #device: Device
  readonly #clock: Clock
  readonly #functions = new Map<string, UserFunction>()
  readonly #tasks = new Map<number, Task>()
  /** What lets go of the hidden values that a task has. */
  readonly #letGo = new Map<number, () => void>()
  /** Messages by task that wait until the one under way is done. */
  readonly #behind = new Map<number, Exclude<TaskMessage, { type: 'open' }>[]>()
  /** Tasks whose message under way waits for something outside the thread. */
  readonly #waiting = new Set<number>()
  bindings: ReadonlyMap<string, unknown> = new Map()
  /** What tasks that are opened from now on may use. */
  gpu: ReadyGpu | undefined

  constructor(device: Device, clock: Clock) {
    this.#device = device
    this.#clock = clock
  }

  /**
   * Runs one message. Undefined where a message before it waits, or is answered in part only: `next` gives it again when it may run. Only `open` (it
   * loads modules) and operators that `settle` take more than this turn; messages of other tasks may be run meanwhile. Never rejects.
   */
  run(message: TaskMessage): TaskReply | Promise<TaskReply> | undefined {
    if (message.type === 'open') return this.#open(message)
    const task = this.#tasks.get(message.task)
    if (!task) return { task: message.task, seq: message.seq, outputs: [] }
    if (message.type === 'close') {
      this.#tasks.delete(message.task)
      this.#letGo.get(message.task)?.()
      this.#letGo.delete(message.task)
      this.#forget(message.task)
    } else if (this.#waiting.has(message.task) || (task.paused && message.type !== 'continue')) {
      const behind = this.#behind.get(message.task)
      if (behind) behind.push(message)
      else this.#behind.set(message.task, [message])
      return undefined
    }
    const reply = task.run(message)
    if (!(reply instanceof Promise)) return reply
    this.#waiting.add(message.task)
    return reply.finally(() => this.#waiting.delete(message.task))
  }

  // What waited behind the task's last message has no reader: its batches are given back.
  #forget(id: number): void {
    for (const message of this.#behind.get(id) ?? []) if (message.type === 'push' && message.batch) releaseArena(this.#device, arenaOf(message.batch))
    this.#behind.delete(id)
    this.#waiting.delete(id)
  }

  /** A message that has waited and may run now, if there is one. To be asked after each reply. */
  next(): TaskMessage | undefined {
    for (const [id, behind] of this.#behind) {
      if (this.#waiting.has(id) || this.#tasks.get(id)?.paused) continue
      const message = behind.shift()
      if (behind.length === 0) this.#behind.delete(id)
      return message
    }
    return undefined
  }

  async #open(message: Extract<TaskMessage, { type: 'open' }>): Promise<TaskReply> {
    const reply = { task: message.task, seq: message.seq, outputs: [] }
    try {
      for (const reference of referencesOf(message.spec)) await this.#load(reference)
      this.#tasks.set(message.task, new Task({ device: this.#device, clock: this.#clock, userFunctions: this.#functions, gpu: this.gpu }, message))
      if (message.hidden) this.#letGo.set(message.task, adoptHidden(message.hidden))
      return reply
    } catch (error) {
      return { ...reply, error: encodeError(error) }
    }
  }

  async #load(reference: FunctionReference): Promise<void> {
    const loaded = isClosure(reference) ? this.bindings.get(reference.closure) : ((await import(reference.module)) as Record<string, unknown>)[reference.name]
    const callable = typeof loaded === 'function' ? loaded : undefined
    if (!callable) {
      const what = isClosure(reference) ? 'a closure' : `"${reference.name}" of ${reference.module}`
      throw new DeviceError('FUNCTION_MISSING', `udf: ${what} is not there to call; export it by exactly that name`)
    }
    this.#functions.set(JSON.stringify(reference), callable as UserFunction)
  }
}

function referencesOf(spec: StageSpec): FunctionReference[] {
  return spec.steps.flatMap(step => {
    const params = step.params as { function?: FunctionReference } | null
    return params && typeof params === 'object' && params.function ? [params.function] : []
  })
}

const yieldEveryMs = 8

/** Tasks on the engine's thread. It yields to the event loop about every 8 ms, so that timers, Ctrl-C and progress stay alive. */
export class InlineHost implements TaskHost {
  onReply: (reply: TaskReply) => void = () => {}
  onDeath: (error: Error) => void = () => {}
  readonly dead = false
  readonly runner: TaskRunner
  readonly #clock: Clock
  readonly #queue: TaskMessage[] = []
  #running = false

  constructor(device: Device, clock: Clock) {
    this.#clock = clock
    this.runner = new TaskRunner(device, clock)
  }

  send(message: TaskMessage): void {
    this.#queue.push(message)
    this.#wake()
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    queueMicrotask(() => this.#drain())
  }

  async close(): Promise<void> {
    this.#queue.length = 0
  }

  async #drain(): Promise<void> {
    let until = this.#clock.elapsed() + yieldEveryMs
    for (let message = this.runner.next() ?? this.#queue.shift(); message; message = this.runner.next() ?? this.#queue.shift()) {
      const reply = this.runner.run(message)
      if (reply instanceof Promise && message.type !== 'open') {
        void reply.then(later => {
          this.onReply(later)
          this.#wake()
        })
      } else if (reply) this.onReply(reply instanceof Promise ? await reply : reply)
      if (this.#clock.elapsed() > until) {
        await nextTurn()
        until = this.#clock.elapsed() + yieldEveryMs
      }
    }
    this.#running = false
  }
}

const textOptions = ['--input-type', '--eval', '--print', '-e', '-p', '-pe']
const moduleOptions = ['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C']

// Of Node's own arguments those that `takes` says, with the values that follow them.
function argumentsWhere(given: readonly string[], takes: (name: string) => boolean): string[] {
  return given.filter((argument, i) => takes((argument.startsWith('-') ? argument : (given[i - 1] ?? '')).split('=')[0]!))
}

// A thread takes Node's own arguments, but for those that give a program as text: it has a file. Options of the process and of V8 (such as
// --max-old-space-size), which hold for it anyway, Node refuses for a thread; where there are any, it gets those only that say how modules are found.
function newWorker(Worker: typeof import('node:worker_threads').Worker, device: Device): Worker {
  const start = (execArgv: string[]) => new Worker(workerUrl(), { workerData: device.share(), execArgv })
  try {
    return start(argumentsWhere(process.execArgv, name => !textOptions.includes(name)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
    return start(argumentsWhere(process.execArgv, name => moduleOptions.includes(name)))
  }
}

/** Tasks on a worker thread over the shared memory. It keeps the process alive only while a message is unanswered. Cost: 20–40 ms to start. */
export async function workerHost(device: Device): Promise<TaskHost> {
  const { Worker } = await import('node:worker_threads')
  const worker = newWorker(Worker, device)
  let dead = false
  let unanswered = 0
  // Messages of one turn travel together: each crossing costs about 50 µs.
  let outgoing: TaskMessage[] = []
  const post = () => {
    const messages = outgoing
    outgoing = []
    worker.postMessage(messages)
  }
  const host: TaskHost = {
    send: message => {
      if (unanswered++ === 0) worker.ref()
      const whole = message.type === 'open' ? { ...message, hidden: hiddenIn(message.spec.scan?.options) } : message
      if (outgoing.push(whole) === 1) queueMicrotask(post)
    },
    onReply: () => {},
    onDeath: () => {},
    get dead() {
      return dead
    },
    close: async () => {
      dead = true
      await worker.terminate()
    },
  }
  const died = (what: string, cause?: unknown) => {
    if (dead) return
    dead = true
    host.onDeath(new DeviceError('WORKER_DIED', `worker: ${what}; the engine that it belonged to is closed, the next run gets a fresh one`, { cause }))
  }
  worker.on('message', (reply: TaskReply) => {
    if (--unanswered === 0) worker.unref()
    host.onReply(reply)
  })
  worker.on('error', error => died(encodeError(error).message, error))
  worker.on('exit', code => died(`the thread ended with code ${code}`))
  // A listener holds the process: an idle worker must not. Called last, since adding one for messages refs the thread's port again.
  worker.unref()
  return host
}
