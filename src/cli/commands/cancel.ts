// `millrace cancel JOB`: a running job ends at once, and what it had not committed is undone.
import type { Command } from 'commander'
import { printable } from '../../base/text-width.ts'
import type { CliContext } from '../context.ts'
import { defineJob, steer } from '../running-jobs.ts'

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  defineJob(command)
    .addHelpText(
      'after',
      `
What the job had not committed is undone; with checkpoints a later start goes on behind its last one. \`millrace stop\` lets it finish what it took.

Example:
  $ millrace cancel bids`,
    )
    .action(async (word: string, flags: { json?: boolean; progress: boolean }) => {
      const { job, answer } = await steer(word, { ask: 'cancel' }, 'cancelling', flags, context)
      const { ended, epoch } = answer as { ended: string; epoch?: number }
      if (flags.json) return context.write(`${JSON.stringify(answer)}\n`)
      context.write(`${printable(job.name)} ${ended === 'stopped' ? 'had ended already' : 'cancelled'}${epoch === undefined ? '' : `; its last commit is epoch ${epoch}`}\n`)
    })
}
