// `millrace savepoint JOB DIR`: a checkpoint of a running job that lies by itself, while the job goes on.
import type { Command } from 'commander'
import { formatBytes, formatCount } from '../../base/units.ts'
import type { CliContext } from '../context.ts'
import { defineJob, folderFor, steer } from '../running-jobs.ts'

/** What a job answers. */
export interface SavepointAnswer {
  readonly epoch: number
  readonly path: string
  readonly files: number
  readonly bytes: number
}

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineJob(command)
    .argument('<dir>', 'a folder that is empty or not there yet')
    .addHelpText(
      'after',
      `
The job must keep checkpoints (run --checkpoint). It goes on meanwhile. The savepoint is complete and checksummed, may be moved, and is never removed by
the job; \`millrace run JOB --restore DIR\` goes on from it.

Example:
  $ millrace savepoint bids savepoints/before-upgrade`,
    )
    .action(async (word: string, dir: string, flags: { json?: boolean; progress: boolean }) => {
      const { answer } = await steer(word, { ask: 'savepoint', dir: folderFor(dir) }, 'saving', flags, context)
      context.write(flags.json ? `${JSON.stringify(answer)}\n` : `${savepointLine(answer as unknown as SavepointAnswer)}\n`)
    })
}

/** The savepoint as a line. */
export function savepointLine({ path, epoch, files, bytes }: SavepointAnswer): string {
  return `${path}: savepoint of epoch ${epoch}, ${formatCount(files)} file${files === 1 ? '' : 's'}, ${formatBytes(bytes)}`
}
