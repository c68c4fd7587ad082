// A frame with its sinks, ready to run: once to its end (`run`) or in the background with a handle (`start`).
import { inPage } from '../device/machine.ts'
import type { FrameNode } from './node.ts'
import { startWithRestarts } from './restarts.ts'
import { type JobOptions, type Run, startJob } from './run.ts'

/** Sinks over frames. Steps that several sinks share run once. */
export class Job {
  readonly roots: readonly FrameNode[]

  constructor(roots: readonly FrameNode[]) {
    this.roots = roots
  }

  /** Runs until the input ends, the job is stopped, or it fails. With `restart`, failures of the world outside begin it again from its newest checkpoint. SIGTERM drains. */
  async run(options: JobOptions = {}): Promise<Run> {
    const run = await this.start(options)
    // How it ended is told by `done`.
    const onTerm = () => void run.stop({ drain: true }).catch(() => {})
    if (!inPage) process.once('SIGTERM', onTerm)
    try {
      await run.done
      return run
    } finally {
      if (!inPage) process.removeListener('SIGTERM', onTerm)
    }
  }

  /** Starts the job and returns a handle to it, with `restart` one to all attempts. Rejects when it can't be started. Signals are the program's to take. */
  start(options: JobOptions = {}): Promise<Run> {
    const start = (own: JobOptions): Promise<Run> => startJob(this.roots, own)
    return options.restart ? startWithRestarts(start, options, options.restart) : start(options)
  }
}

/** One job of several sinks: `job({ report: a.to(…), raw: b.to(…) })`. The keys name the sinks in checkpoints and messages. */
export function job(sinks: Readonly<Record<string, { readonly roots: readonly FrameNode[] }>>): Job {
  return new Job(Object.entries(sinks).flatMap(([name, { roots }]) => roots.map(root => ({ ...root, name: roots.length === 1 ? name : undefined }))))
}
