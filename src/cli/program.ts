// The command line as a function from arguments to an exit code: 0 done, 1 failed, 2 used wrongly, 130 cancelled. Only the module of the
// command at hand is loaded.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { asError, CancelledError, MillraceError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { redact } from '../base/secret.ts'
import { commands } from './catalogue.ts'
import { adopt, type CliContext } from './context.ts'

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
  $ millrace tail server.ndjson -n 20 --select time,status
  $ millrace sample trips.parquet -n 5 --seed 7
  $ millrace stats trips.parquet
  $ millrace inspect trips.parquet
  $ millrace schema trips.parquet --json
  $ millrace count 'bids/*.ndjson'
  $ millrace run job.ts --workers 2 --checkpoint state/
  $ millrace audit verify audit/

Formats: parquet, csv (or tsv), ndjson (or jsonl), json, arrow; text is also read as .gz and .zst. Quote patterns with *.
Exit codes: 0 done, 1 failed, 2 used wrongly, 130 cancelled by Ctrl-C. --debug shows stacks.`

/** Runs one command line (without node and script). Never throws and never exits the process. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const program = await buildProgram(args, context)
    await program.parseAsync(args, { from: 'user' })
    return context.signal.aborted ? exitCancelled : 0
  } catch (thrown) {
    return report(asError(thrown), args.includes('--debug'), context)
  }
}

async function buildProgram(args: readonly string[], context: CliContext): Promise<Command> {
  const program = new Command('millrace')
  program
    .description('Reads, converts and computes over files and streams, on Arrow columns and SIMD kernels.')
    .argument('[file]', 'a file to look at: its schema and first rows')
    .option('--debug', 'show the stack of an error')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help; `millrace COMMAND --help` shows more')
    .addHelpText('after', examples)
    .action(async (file: string | undefined) => {
      if (file === undefined) return program.help()
      refuseTypo(program.args)
      await (await import('./commands/look.ts')).look(file, context)
    })
  adopt(program, context).allowExcessArguments(true)
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary)
    adopt(command, context)
    command.option('--debug', 'show the stack of an error')
    if (args.includes(name)) (await load()).define(command, context)
  }
  return program
}

// `millrace convrt a b`: the first word is no file that anyone would name so.
function refuseTypo(words: readonly string[]): void {
  const [word = '', ...more] = words
  const names = commands.map(command => command.name)
  const suggestion = didYouMean(word, names)
  const isBare = !/[./*\\]/.test(word)
  if (isBare && (suggestion !== '' || more.length > 0))
    throw new PlanError('COMMAND', `millrace: no command "${word}"; the commands are ${names.join(', ')}${suggestion}`)
  if (more.length > 0) throw new PlanError('COMMAND', `millrace: ${words.length} files given; look at one at a time, or use a command: ${names.join(', ')}`)
}

function report(error: Error, debug: boolean, context: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage
  if (error instanceof CancelledError || (context.signal.aborted && error.name === 'AbortError')) {
    context.writeError('cancelled\n')
    return exitCancelled
  }
  const text = debug ? (error.stack ?? error.message) : error.message
  const hint = debug || error instanceof MillraceError ? '' : '\n(run again with --debug to see where)'
  context.writeError(redact(`error: ${text}${hint}\n`))
  return error instanceof PlanError ? exitUsage : exitFailed
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
