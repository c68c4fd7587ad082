// `millrace run JOB`: runs a program written with the library. TypeScript is run as it is where Node strips types (22.18 and newer), else
// it is compiled beside the job by the `typescript` package. A module that exports a job or a frame by default is run with the options given.
import { parse } from 'node:path'
import type { Command } from 'commander'
import { PlanError } from '../../base/errors.ts'
import type { Table } from '../../frame/table.ts'
import { writeJsonRows } from '../json-rows.ts'
import { loadModule } from '../load-module.ts'
import { wholeNumber } from '../options.ts'
import { type CliContext, progressTarget } from '../context.ts'

interface RunFlags {
  workers?: number
  checkpoint?: string
  every?: string
  restore?: string
  audit?: string
  name?: string
  memory?: string
  metrics?: number
  progress: boolean
  watch?: boolean
  json?: boolean
}

interface Runnable {
  run?(options: object): Promise<unknown>
  collect?(options: object): Promise<Table>
}

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<job>', 'a .ts, .mts, .js or .mjs file')
    .option('--workers <count>', 'threads', wholeNumber(0, 128))
    .option('--checkpoint <dir>', 'keep state here, and resume from it')
    .option('--every <duration>', 'time between checkpoints, such as 10s')
    .option('--restore <dir>', 'go on from a savepoint, or from an epoch in a checkpoint directory; none: start afresh')
    .option('--audit <dir>', 'write an audit log here')
    .option('--name <name>', 'the name of the job')
    .option('--memory <size>', 'the most memory, such as 512MiB')
    .option('--metrics <port>', 'serve its metrics as OpenMetrics text at http://127.0.0.1:<port>/metrics', wholeNumber(0, 65_535))
    .option('--json', 'of an exported frame: a JSON object a row instead of a table')
    .option('--watch', 'instead of the progress line a live view: rates, lag, event time, checkpoints, and every step')
    .option('--no-progress', 'no progress line')
    .addHelpText(
      'after',
      `
The module exports a job or a frame, which is run with these options; or it runs itself, and no options are given:

  import { read, write, col } from 'millrace'
  export default read.csv('trips.csv').filter(col('distance').gt(0)).to(write.parquet('trips.parquet'))

With --checkpoint, Ctrl-C and SIGTERM let the job finish and commit what it took, and the next start goes on behind it; a second Ctrl-C cancels, a third doesn't
wait. Without it Ctrl-C cancels: what was not committed is undone. Other shells list and steer the job by its name, which is the file's unless --name says one.

Examples:
  $ millrace run job.ts --workers 2 --checkpoint state/
  $ millrace run job.ts --workers 4 --checkpoint state/ --watch
  $ millrace run job.ts --checkpoint state/ --restore savepoints/before-upgrade
  $ millrace savepoint job savepoints/friday`,
    )
    .action(async (path: string, flags: RunFlags) => {
      const loaded = await loadModule(path)
      const drain = new AbortController()
      const takeBack = flags.checkpoint === undefined ? undefined : context.onInterrupt?.(() => drainJob(drain, flags, context))
      try {
        await runExport(path, loaded.exports.default as Runnable | undefined, flags, context, drain.signal)
      } finally {
        takeBack?.()
        if (loaded.exports.default !== undefined) context.leaveSoon?.()
        await loaded.close()
      }
    })
}

// What was read so far of a job without state can't be gone on with, and half a file looks like a whole one: such a job is cancelled.
function drainJob(drain: AbortController, { watch }: RunFlags, context: CliContext): void {
  // The live view says so itself, and is drawn over what stands below it.
  if (!watch || !context.isErrorTerminal) context.writeError('\nfinishing what was taken; Ctrl-C again cancels\n')
  drain.abort()
}

async function runExport(path: string, exported: Runnable | undefined, flags: RunFlags, context: CliContext, drain: AbortSignal): Promise<void> {
  const { progress, checkpoint, every, json, watch, metrics, ...rest } = flags
  const given = Object.entries(flags).filter(([name, value]) => name !== 'progress' && value !== undefined)
  if (every !== undefined && checkpoint === undefined)
    throw new PlanError('OPTIONS', `run: --every ${every} without --checkpoint; say where the checkpoints go`)
  const options = {
    ...rest,
    ...(metrics !== undefined && { metrics: { port: metrics } }),
    ...(checkpoint !== undefined && { checkpoint: { dir: checkpoint, every } }),
    ...(watch ? { watch: progressTarget(context) } : progress && { progress: progressTarget(context) }),
    control: { name: flags.name ?? parse(path).name, failed: (error: Error) => context.writeError(`warning: ${error.message}\n`) },
    drain,
    signal: context.signal,
  }
  if (json && typeof exported?.run === 'function') throw new PlanError('OPTIONS', `${path}: it exports a job, which prints no rows; leave --json out, or export the frame`)
  if (typeof exported?.run === 'function') await exported.run(options)
  else if (typeof exported?.collect === 'function') {
    const table = await exported.collect(options)
    if (json) writeJsonRows(table, context)
    else context.write(`${table.toString({ width: context.width(), color: context.color })}\n`)
  }
  else if (exported !== undefined)
    throw new PlanError('JOB_EXPORT', `${path}: its default export is neither a job nor a frame; export what .to(…) or job({…}) returns`)
  else if (given.length > 0) {
    throw new PlanError(
      'JOB_EXPORT',
      `${path}: it has no default export, so --${given[0]![0]} has nothing to act on; write "export default" before the job, or set the options in its own run()`,
    )
  }
}
