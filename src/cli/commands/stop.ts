// `millrace stop JOB`: a running job takes no more input, finishes what it has, commits it and ends.
import type { Command } from 'commander'
import { ConnectorError } from '../../base/errors.ts'
import { printable } from '../../base/text-width.ts'
import type { CliContext } from '../context.ts'
import { defineJob, folderFor, steer } from '../running-jobs.ts'
import { type SavepointAnswer, savepointLine } from './savepoint.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineJob(command)
    .option('--savepoint <dir>', 'also make a savepoint of its last epoch in this folder, which must be empty or not there yet')
    .addHelpText(
      'after',
      `
Waits until the job has ended: everything it took is processed and committed, and a later start goes on behind it. Exit code 1 when it failed on the way
or had to be cancelled. \`millrace cancel\` doesn't wait for what was taken.

Examples:
  $ millrace stop bids
  $ millrace stop bids --savepoint savepoints/before-upgrade`,
    )
    .action(async (word: string, flags: { json?: boolean; progress: boolean; savepoint?: string }) => {
      const request = { ask: 'stop' as const, ...(flags.savepoint !== undefined && { savepoint: folderFor(flags.savepoint) }) }
      const { job, answer } = await steer(word, request, 'stopping', flags, context)
      const { ended, epoch, savepoint } = answer as unknown as { ended: string; epoch?: number; savepoint?: SavepointAnswer }
      if (ended !== 'stopped')
        throw new ConnectorError('JOB_CANCELLED', `millrace: ${printable(job.name)} was cancelled, not drained: it was still reading one side of a join, or another shell cancelled it; nothing after its last commit is visible`)
      if (flags.json) return context.write(`${JSON.stringify(answer)}\n`)
      context.write(`${printable(job.name)} stopped${epoch === undefined ? '' : ` behind epoch ${epoch}`}\n`)
      if (savepoint) context.write(`${savepointLine(savepoint)}\n`)
    })
}
