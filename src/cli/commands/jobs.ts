// `millrace jobs`: what runs for this user on this machine, and how it is doing.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { formatCount, formatDuration } from '../../base/units.ts'
import { shortCount } from '../../base/progress-line.ts'
import { listJobs, type RunningJob } from '../../storage/job-registry.ts'
import type { CliContext } from '../context.ts'
import { askRunning } from '../running-jobs.ts'

/** A job that says nothing for so long is listed without figures. */
const answerMs = 2_000

interface Answer {
  readonly metrics?: { readonly state?: string; readonly rowsRead?: number; readonly rowsWritten?: number; readonly elapsedMs?: number; readonly lag?: number; readonly checkpoints?: { readonly lastEpoch?: number } }
}

/** Adds options. */
export function define(command: Command, context: CliContext): void {
  command
    .option('--json', 'a JSON object a line: id, name, process, state directory, metrics')
    .addHelpText('after', '\nExamples:\n  $ millrace jobs\n  $ millrace jobs --json | jq .metrics.lag')
    .action(async ({ json }: { json?: boolean }) => {
      const { jobs, ignored } = await listJobs()
      for (const text of ignored) context.writeError(`${text}\n`)
      const asked = await Promise.all(jobs.map(async job => ({ job, answer: await ask(job, context) })))
      const running = asked.filter(({ answer }) => answer !== 'gone') as { job: RunningJob; answer: Answer }[]
      if (json) for (const { job: { forget: _, ...entry }, answer } of running) context.write(`${JSON.stringify({ ...entry, ...answer })}\n`)
      else if (running.length === 0) context.write('no jobs\n')
      else context.write(`${table(running, context)}\n`)
    })
}

async function ask(job: RunningJob, { signal }: CliContext): Promise<Answer | 'gone'> {
  try {
    const answer = await askRunning(job, { ask: 'status' }, { silenceMs: answerMs, signal })
    return typeof answer === 'object' && answer !== null ? (answer as Answer) : {}
  } catch (error) {
    return (error as { code?: string }).code === 'CONTROL_GONE' ? 'gone' : {}
  }
}

function table(running: readonly { job: RunningJob; answer: Answer }[], context: CliContext): string {
  const count = (rows: number | undefined) => (rows === undefined ? 'no answer' : formatCount(rows))
  const rows = running.map(({ job, answer: { metrics } }) => {
    const rate = metrics?.rowsRead !== undefined && metrics.elapsedMs ? shortCount(metrics.rowsRead / (metrics.elapsedMs / 1_000)) : ''
    const lag = metrics?.lag === undefined ? '' : formatCount(metrics.lag)
    const epoch = metrics?.checkpoints?.lastEpoch
    return [job.id, job.name, String(job.pid), metrics?.state ?? '', formatDuration(Date.now() - job.startedAt), count(metrics?.rowsRead), rate, count(metrics?.rowsWritten), lag, epoch === undefined ? '' : String(epoch)]
  })
  const names = ['id', 'name', 'process', 'state', 'for', 'rows in', 'rows/s', 'rows out', 'lag', 'epoch']
  const columns = names.map((name, i) => ({ name, numeric: i === 2 || i > 3 }))
  return textTable(columns, rows, { width: context.width(), color: context.color })
}
