// A job that begins again from its newest checkpoint when the world outside has failed it: one handle over all attempts.
import { ConnectorError } from '../base/errors.ts'
import { systemClock } from '../base/clock.ts'
import { parseDuration } from '../base/units.ts'
import type { JobOptions, RestartOptions, Run } from './run.ts'

/**
 * Starts the job by `start`, and again, with doubling waits, each time it fails by what may pass, up to `attempts` times; a further attempt that can't be started
 * counts as one. The run's `done` tells how the last attempt ended; its other calls are those of the attempt at work, or of the last one while the next is waited
 * for. `stop` ends the attempts, too. Rejects when the first one can't be started.
 */
export async function startWithRestarts(start: (options: JobOptions) => Promise<Run>, options: JobOptions, { attempts, backoff = '1s' }: RestartOptions): Promise<Run> {
  const backoffMs = parseDuration(backoff, 'restart.backoff')
  const stopped = new AbortController()
  const over = AbortSignal.any([stopped.signal, ...[options.signal, options.drain].flatMap(signal => signal ?? [])])
  let { restore } = options
  let run = await start(options)
  const attempt = async (isFirst: boolean) => {
    if (!isFirst) run = await start({ ...options, restore })
    await run.done
  }
  const all = async () => {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt(failures === 0)
      } catch (error) {
        if (!(error instanceof ConnectorError && error.retryable) || failures >= attempts || over.aborted) throw error
        // A savepoint is the newest checkpoint once it was restored, and what was made since is newer than any start afresh.
        if (restore !== 'none' || run.metrics().checkpoints.completed > 0) restore = undefined
        options.logger?.error({ attempt: failures + 1, attempts, code: error.code }, `restarting: ${error.message}`)
        await (options.clock ?? systemClock).sleep(backoffMs * 2 ** failures, over)
        if (over.aborted) throw error
      }
    }
  }
  const done = all()
  done.catch(() => {})
  return {
    done,
    metrics: () => run.metrics(),
    get metricsUrl() {
      return run.metricsUrl
    },
    checkpoint: () => run.checkpoint(),
    savepoint: dir => run.savepoint(dir),
    stop: choice => {
      stopped.abort()
      return run.stop(choice)
    },
  }
}
