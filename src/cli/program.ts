// The command line as a function from arguments to an exit code: 0 done, 1 failed, 2 used wrongly, 130 cancelled; a command may set others. Only the
// module of the command at hand is loaded; for completion scripts all are.
import { existsSync, readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { asError, CancelledError, MillraceError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { redact } from '../base/secret.ts'
import { commands } from './catalogue.ts'
import type { LookOptions } from './commands/look.ts'
import { adopt, type CliContext, type CommandContext } from './context.ts'
import { addInputOptions, wholeNumber } from './options.ts'

const exitFailed = 1
const exitUsage = 2
const exitCancelled = 130

const examples = `
Examples:
  $ millrace trips.csv                                    schema and first rows
  $ millrace convert trips.csv trips.parquet              one format to another, by the ending
  $ millrace convert 'logs/*.ndjson.gz' logs.parquet --select time,path --compression snappy
  $ millrace convert trips.csv out/ --to parquet --partition-by day --cast fare:float64 --dry-run
  $ millrace head trips.parquet -n 5 --select vendor,distance
  $ millrace head https://example.com/trips.parquet       of addresses only what is needed is fetched
  $ millrace head sealed.parquet --decryption-keys keys.json
  $ millrace tail server.ndjson -n 20 --select time,status
  $ millrace sample trips.parquet -n 5 --seed 7
  $ millrace stats trips.parquet
  $ millrace inspect trips.parquet
  $ millrace schema trips.parquet --json
  $ millrace count 'bids/*.ndjson' --json
  $ millrace validate 'data/*.parquet' feed.ndjson.gz       all that is wrong with them
  $ millrace diff before.parquet after.csv --key id       what differs, and in which rows
  $ millrace run job.ts --workers 2 --checkpoint state/
  $ millrace savepoint bids savepoints/before-upgrade
  $ millrace stop bids
  $ millrace audit verify audit/
  $ source <(millrace completion bash)

Formats: parquet, csv (or tsv), ndjson (or jsonl), json, arrow; text is also read as .gz and .zst.
Quote patterns with *, so that millrace sees them: they may be larger than a command line.
Exit codes: 0 done, 1 failed, 2 used wrongly, 130 cancelled by Ctrl-C, 143 by SIGTERM; diff: 0 equal, 1 different,
2 failed; validate: 0 well, 1 problems, 2 failed. --debug shows stacks.`

/** Runs one command line (without node and script). Never throws and never exits the process. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode = 0
  let failureCode = exitFailed
  try {
    const program = await buildProgram(args, { ...context, setExitCode: code => (exitCode = code), setFailureCode: code => (failureCode = code) })
    await program.parseAsync(args, { from: 'user' })
    return context.signal.aborted ? exitCancelled : exitCode
  } catch (thrown) {
    return report(asError(thrown), args.includes('--debug'), context, failureCode)
  }
}

async function buildProgram(args: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command('millrace')
  addInputOptions(program, 'the format of the file, where the ending does not tell')
    .description('Reads, converts and computes over files and streams, on Arrow columns and SIMD kernels.')
    .usage('FILE [options]   or   millrace COMMAND [options] …')
    .argument('[file]', 'a file to look at: its columns and first rows')
    .option('-n, --rows <count>', 'rows to show of the file', wholeNumber(0, 1_000_000), 10)
    .option('--json', 'a JSON object with file, schema and rows instead of a table')
    .option('--debug', 'show the stack of an error')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help; `millrace COMMAND --help` shows more')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ subcommandTerm: command => command.name() })
    .enablePositionalOptions()
    .addHelpText('after', examples)
    .action(async (file: string | undefined, options: LookOptions) => {
      if (file === undefined) return program.help()
      refuseTypo(program.args, options)
      await (await import('./commands/look.ts')).look(file, options, context)
    })
  adopt(program, context).allowExcessArguments(true)
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`).summary(summary).helpOption('-h, --help', 'show this help')
    adopt(command, context)
    command.option('--debug', 'show the stack of an error')
    if (args.includes(name) || args.includes('completion')) (await load()).define(command, context)
  }
  return program
}

// `millrace convrt a b`: the first word is no file that anyone would name so.
function refuseTypo(words: readonly string[], { from }: LookOptions): void {
  const [word = '', ...more] = words
  const names = commands.map(command => command.name)
  const suggestion = didYouMean(word, names)
  const isBare = from === undefined && !/[./*\\]/.test(word) && !existsSync(word)
  if (isBare)
    throw new PlanError('COMMAND', `millrace: no command "${word}" and no file of that name; the commands are ${names.join(', ')}${suggestion}`)
  if (more.length > 0) throw new PlanError('COMMAND', `millrace: ${words.length} files given; look at one at a time, or use a command: ${names.join(', ')}`)
}

function report(error: Error, debug: boolean, context: CliContext, failureCode: number): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage
  if (error instanceof CancelledError || (context.signal.aborted && error.name === 'AbortError')) {
    context.writeError('cancelled\n')
    return exitCancelled
  }
  const text = debug ? (error.stack ?? error.message) : error.message
  const hint = debug || error instanceof MillraceError ? '' : '\n(run again with --debug to see where)'
  context.writeError(redact(`error: ${text}${hint}\n`))
  return error instanceof PlanError ? exitUsage : failureCode
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
