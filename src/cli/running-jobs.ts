// Running jobs as the commands see them: found by what the user typed, asked, and waited for with a progress line.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { CancelledError, ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { progressReporter } from '../base/progress-line.ts'
import { printable } from '../base/text-width.ts'
import { askJob } from '../connect/control-client.ts'
import type { ControlRequest } from '../connect/control-protocol.ts'
import { checkSocket, listJobs, type RunningJob } from '../storage/job-registry.ts'
import { type CliContext, progressTarget } from './context.ts'

const idDigits = /^[0-9a-f]{1,8}$/

/** The argument that all of these commands take first. */
export function defineJob(command: Command): Command {
  return command
    .argument('<job>', 'its name, the beginning of its id, or its process id; `millrace jobs` lists them')
    .option('--json', 'the outcome as a JSON object')
    .option('--no-progress', 'no progress line')
}

/** The running job that `word` means: its id, name, process id, or the beginning of its id. Throws ConnectorError JOB_UNKNOWN; PlanError JOB_AMBIGUOUS. */
export async function findJob(word: string): Promise<RunningJob> {
  const { jobs, ignored } = await listJobs()
  const ways: ((job: RunningJob) => boolean)[] = [
    job => job.id === word,
    job => job.name === word,
    job => job.job === word,
    job => String(job.pid) === word,
    job => idDigits.test(word) && job.id.startsWith(word),
  ]
  for (const fits of ways) {
    const found = jobs.filter(fits)
    if (found.length === 1) return found[0]!
    if (found.length > 1) throw new PlanError('JOB_AMBIGUOUS', `millrace: "${printable(word)}" means ${found.length} running jobs: ${named(found)}; give the id of one`)
  }
  const running = jobs.length === 0 ? 'no job runs that another shell can reach' : `running ${jobs.length === 1 ? 'is' : 'are'} ${named(jobs)}`
  const near = didYouMean(word, jobs.flatMap(job => [job.name, job.job])).replace(/".*"/s, printable)
  throw new ConnectorError('JOB_UNKNOWN', `millrace: no running job "${printable(word)}"; ${running}${ignored.map(text => `; ${text}`).join('')}${near}`)
}

/** Asks a job. Throws as `askJob` does; where nobody listens the job's entry is removed. */
export async function askRunning(job: RunningJob, request: ControlRequest, options: Parameters<typeof askJob>[2] = {}): Promise<Json> {
  try {
    await checkSocket(job.socket).catch(error => {
      if (error instanceof ConnectorError) throw error
      throw new ConnectorError('CONTROL_GONE', `control: there is no socket ${job.socket}; the job has ended`, { cause: error })
    })
    return await askJob(job.socket, request, options)
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'CONTROL_GONE') await job.forget()
    throw error
  }
}

/** Finds a job and asks it, with a progress line while it is at it. `doing`: what it does, such as 'stopping'. */
export async function steer(word: string, request: ControlRequest, doing: string, flags: { progress: boolean }, context: CliContext): Promise<{ job: RunningJob; answer: Json }> {
  const job = await findJob(word)
  const reporter = progressReporter(flags.progress ? progressTarget(context) : { write: () => {}, isTerminal: false }, systemClock)
  const label = `${doing} ${printable(job.name)}`
  const startedMs = systemClock.elapsed()
  const progress = (picture: Json) => {
    const rows = (picture as { rowsWritten?: unknown } | null)?.rowsWritten
    reporter.update({ rows: typeof rows === 'number' ? rows : 0, elapsedMs: systemClock.elapsed() - startedMs, label })
  }
  try {
    return { job, answer: await askRunning(job, request, { signal: context.signal, progress }) }
  } catch (error) {
    reporter.clear()
    if (error instanceof CancelledError && context.signal.aborted) context.writeError(`${label} was asked for and goes on; this shell no longer waits for it\n`)
    throw error
  } finally {
    reporter.clear()
  }
}

/** A folder for the job, which has another working directory. */
export function folderFor(dir: string): string {
  return resolve(dir)
}

function named(jobs: readonly RunningJob[]): string {
  const some = jobs.slice(0, 10).map(({ name, id, pid }) => `${printable(name)} (${id}, process ${pid})`)
  return some.join(', ') + (jobs.length > some.length ? ` and ${jobs.length - some.length} more` : '')
}
