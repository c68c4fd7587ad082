// `millrace audit verify DIR`: whether an audit log is whole, or the first line that can't be believed.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ConnectorError, DataError } from '../../base/errors.ts'
import { verifyAudit } from '../../storage/audit-verify.ts'
import { localDirectory } from '../../storage/directory.ts'
import { adopt, type CommandContext } from '../context.ts'

/** Adds the subcommand. */
export function define(command: Command, context: CommandContext): void {
  const verify = command.command('verify').summary('check every line and the signed head').description('Check every line, the chain of hashes and the signed head; exit code 1 when something was changed.')
  adopt(verify, context)
  verify
    .argument('<dir>', 'the directory with audit.ndjson')
    .option('--key <file>', 'a public key (PEM) that was kept elsewhere; without it the one in the directory is believed')
    .option('--json', 'as a JSON object: {"ok": true, "entries": 3, …}, or {"ok": false, "line": 2, "reason": …}')
    .option('--debug', 'show the stack of an error')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', '\nExamples:\n  $ millrace audit verify audit/\n  $ millrace audit verify audit/ --key ~/keys/audit-key.pub.pem')
    .action(async (dir: string, options: { key?: string; json?: boolean }) => {
      const check = await verifyAudit(localDirectory(dir), options.key === undefined ? undefined : readKey(options.key))
      if (!check.ok && options.json) {
        context.write(`${JSON.stringify({ ok: false, line: check.line, reason: check.reason })}\n`)
        return context.setExitCode(1)
      }
      if (!check.ok)
        throw new DataError('AUDIT_BROKEN', `${dir}, line ${check.line}: ${check.reason}; what is before this line is intact, look into who changed the rest`)
      if (!check.head) throw new ConnectorError('AUDIT_MISSING', `${dir}: no audit log here; a job writes one with run({ audit: '${dir}' }) or millrace run --audit ${dir}`)
      const last = JSON.parse(check.head.line) as { time: string; event: string; job: string }
      if (options.json) return context.write(`${JSON.stringify({ ok: true, entries: check.entries, last: { event: last.event, job: last.job, time: last.time }, pending: check.pending })}\n`)
      const note = check.pending ? '; the newest is in the signed head only, its writer was interrupted or is at work' : ''
      context.write(`ok: ${check.entries} entries, the last one ${last.event} of ${last.job} at ${last.time}${note}\n`)
    })
}

function readKey(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ConnectorError('DISK_MISSING', `--key ${path}: can't be read; check the path`, { cause })
  }
}
