// A frame with its sinks, ready to run: once to its end (`run`) or in the background with a handle (`start`).
import { ConnectorError } from '../base/errors.ts'
import { systemClock } from '../base/clock.ts'
import { parseDuration } from '../base/units.ts'
import { inPage } from '../device/machine.ts'
import type { FrameNode } from './node.ts'
import { type JobOptions, type Run, startJob } from './run.ts'

/** Sinks over frames. Steps that several sinks share run once. */
export class Job {
  readonly roots: readonly FrameNode[]

  constructor(roots: readonly FrameNode[]) {
    this.roots = roots
  }

  /** Runs until the input ends, the job is stopped, or it fails. With `restart`, failures of the world outside begin it again from its newest checkpoint. SIGTERM drains. */
  async run(options: JobOptions = {}): Promise<Run> {
    const attempts = options.restart?.attempts ?? 0
    const backoffMs = parseDuration(options.restart?.backoff ?? '1s', 'restart.backoff')
    let { restore } = options
    for (let attempt = 0; ; attempt++) {
      const run = await this.start({ ...options, restore })
      // How it ended is told by `done`.
      const onTerm = () => void run.stop({ drain: true }).catch(() => {})
      if (!inPage) process.once('SIGTERM', onTerm)
      try {
        await run.done
        return run
      } catch (error) {
        if (!(error instanceof ConnectorError && error.retryable) || attempt >= attempts || options.drain?.aborted) throw error
        // A savepoint is the newest checkpoint once it was restored, and what was made since is newer than any start afresh.
        if (restore !== 'none' || run.metrics().checkpoints.completed > 0) restore = undefined
        options.logger?.error({ attempt: attempt + 1, attempts, code: error.code }, `restarting: ${error.message}`)
        await systemClock.sleep(backoffMs * 2 ** attempt, options.signal)
      } finally {
        if (!inPage) process.removeListener('SIGTERM', onTerm)
      }
    }
  }

  /** Starts the job and returns a handle to it. Rejects when it can't be started. */
  start(options: JobOptions = {}): Promise<Run> {
    return startJob(this.roots, options)
  }
}

/** One job of several sinks: `job({ report: a.to(…), raw: b.to(…) })`. The keys name the sinks in checkpoints and messages. */
export function job(sinks: Readonly<Record<string, { readonly roots: readonly FrameNode[] }>>): Job {
  return new Job(Object.entries(sinks).flatMap(([name, { roots }]) => roots.map(root => ({ ...root, name: roots.length === 1 ? name : undefined }))))
}
