// A thread of the simulated machine: it takes messages in their order and answers in that order, but when it gets to each is a matter of chance, as it
// is among real threads. It may die.
import { arenaOf, type PackedBatch } from '../../src/batch/pack-batch.ts'
import { releaseArena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import { type TaskHost, TaskRunner } from '../../src/schedule/host.ts'
import type { TaskMessage, TaskReply } from '../../src/schedule/messages.ts'
import type { World } from './world.ts'

/** A thread; each of its steps takes up to `stepMs`. */
export class SimulatedHost implements TaskHost {
  onReply: (reply: TaskReply) => void = () => {}
  onDeath: (error: Error) => void = () => {}
  dead = false
  /** Changes messages on their way, for bugs that are planted. */
  passing: (message: TaskMessage) => TaskMessage = message => message
  readonly runner: TaskRunner
  readonly #name: string
  readonly #device: Device
  readonly #world: World
  readonly #stepMs: number
  readonly #queue: TaskMessage[] = []
  readonly #answers: TaskReply[] = []
  readonly #tasks = new Set<number>()
  #working = false
  #answeredAt = 0

  constructor(name: string, device: Device, world: World, stepMs: number) {
    this.#name = name
    this.#device = device
    this.#world = world
    this.#stepMs = stepMs
    this.runner = new TaskRunner(device, world.clock(25))
  }

  send(message: TaskMessage): void {
    if (this.dead) return this.#dropMessage(message)
    this.#queue.push(this.passing(message))
    this.#wake()
  }

  async close(): Promise<void> {}

  /** The thread ends by itself. The memory it had is given back, so that what others leak shows. */
  die(): void {
    this.dead = true
    for (const message of this.#queue.splice(0)) this.#dropMessage(message)
    for (const reply of this.#answers.splice(0)) for (const { parts } of reply.outputs) this.#drop(parts)
    for (const task of this.#tasks) void this.runner.run({ type: 'close', task, seq: -2 })
    this.onDeath(Object.assign(new Error(`thread ${this.#name} has died`), { code: 'WORKER_DIED' }))
  }

  #wake(): void {
    if (this.#working || this.dead) return
    this.#working = true
    this.#world.after(this.#world.chance.float() * this.#stepMs, () => void this.#step())
  }

  async #step(): Promise<void> {
    this.#working = false
    if (this.dead) return
    const message = this.runner.next() ?? this.#queue.shift()
    if (!message) return
    this.#world.note(() => `${this.#name}: ${message.type} ${message.seq} of task ${message.task}`)
    if (message.type === 'open') this.#tasks.add(message.task)
    else if (message.type === 'close') this.#tasks.delete(message.task)
    const reply = this.runner.run(message)
    if (reply instanceof Promise) {
      this.#working = message.type === 'open'
      void reply.then(later => {
        if (message.type === 'open') this.#working = false
        if (this.dead) void this.runner.run({ type: 'close', task: message.task, seq: -2 })
        this.#answer(later)
        this.#wake()
      })
      if (message.type === 'open') return
    } else if (reply) this.#answer(reply)
    this.#wake()
  }

  #answer(reply: TaskReply): void {
    if (this.dead) return reply.outputs.forEach(({ parts }) => this.#drop(parts))
    this.#answers.push(reply)
    this.#answeredAt = Math.max(this.#answeredAt, this.#world.now + this.#world.chance.float() * this.#stepMs)
    this.#world.after(this.#answeredAt - this.#world.now, () => {
      const next = this.#answers.shift()
      if (next) this.onReply(next)
    })
  }

  #dropMessage(message: TaskMessage): void {
    if (message.type === 'push') this.#drop([message.batch])
  }

  #drop(parts: readonly (PackedBatch | null)[]): void {
    for (const part of parts) if (part && arenaOf(part) !== 0) releaseArena(this.#device, arenaOf(part))
  }
}
