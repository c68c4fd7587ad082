// The worker threads of an engine, started when the first job needs them: a process that runs small jobs only never pays for any.
import type { Device } from '../device/device.ts'
import { type TaskHost, workerHost } from './host.ts'

/** So many threads over a device's memory; none until `start`. */
export class WorkerPool {
  readonly count: number
  readonly #device: Device
  readonly #begun: (host: TaskHost) => void
  #hosts: Promise<readonly TaskHost[]> | undefined
  /** `begun` hears of each thread before it is given any work. */
  constructor(device: Device, count: number, begun: (host: TaskHost) => void) {
    this.#device = device
    this.count = count
    this.#begun = begun
  }

  /** The threads, all of them. Cost of the first call: 20–40 ms. */
  start(): Promise<readonly TaskHost[]> {
    this.#hosts ??= Promise.all(
      Array.from({ length: this.count }, async () => {
        const host = await workerHost(this.#device)
        this.#begun(host)
        return host
      }),
    )
    return this.#hosts
  }

  /** Ends the threads that were started. */
  async close(): Promise<void> {
    for (const host of (await this.#hosts) ?? []) await host.close()
  }
}
