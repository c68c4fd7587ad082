// What commands share: where they write, when they were cancelled, and how they fit into the program.
import type { Command } from 'commander'
import { CancelledError } from '../base/errors.ts'
import type { ProgressTarget } from '../base/progress-line.ts'

/** What a command may use of the process. */
export interface CliContext {
  write(text: string): void
  writeError(text: string): void
  /** Standard output as bytes; resolves when there is room for more. Rejects with the stream's error, EPIPE where the reader has gone. */
  writeBytes(bytes: Uint8Array): Promise<void>
  /** Standard input as bytes, from its start to its end. */
  input(): AsyncIterable<Uint8Array>
  /** Whether `write` goes to a terminal, and `writeError`. */
  readonly isTerminal: boolean
  readonly isErrorTerminal: boolean
  /** Cells of the terminal that `write` goes to; Infinity where it is none, so that a pipe or file gets all of a table. */
  width(): number
  /** The same of `writeError`; 100 where it is none. */
  errorWidth(): number
  /** Lines of the terminal that `writeError` goes to. */
  errorHeight?(): number
  readonly color: boolean
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** The job has ended: what its code left running, such as a timer of a source, keeps the process no longer than a moment. */
  leaveSoon?(): void
  /** Lets the next Ctrl-C call `handler` instead of aborting the signal. Gives a function that takes this back. */
  onInterrupt?(handler: () => void): () => void
}

/** What the program adds for its commands. */
export interface CommandContext extends CliContext {
  /** The exit code of a command that does what it is asked to and has bad news: files that differ, errors in a file. */
  setExitCode(code: number): void
  /** The exit code of a failure, where 1 has another meaning. */
  setFailureCode(code: number): void
}

/** Writes bytes to standard output as `writeBytes`, but rejects with CancelledError as soon as the command is cancelled: a reader that takes nothing doesn't hold it up. */
export async function sendBytes(context: CliContext, bytes: Uint8Array): Promise<void> {
  const { signal } = context
  let cancel = () => {}
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => reject(new CancelledError('standard output'))
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
  })
  try {
    await Promise.race([context.writeBytes(bytes), cancelled])
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Progress goes to the error stream, so that standard output stays clean for data. */
export function progressTarget(context: CliContext): ProgressTarget {
  return { write: text => context.writeError(text), isTerminal: context.isErrorTerminal, width: () => context.errorWidth(), height: () => context.errorHeight?.() ?? 24 }
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

const helpWidthMax = 120
const helpWidthPiped = 100

/** Makes a command write to the context and throw instead of exiting. For commands that add subcommands of their own. */
export function adopt(command: Command, context: CliContext): Command {
  const helpWidth = () => (context.width() === Number.POSITIVE_INFINITY ? helpWidthPiped : Math.min(helpWidthMax, context.width()))
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(`(${fullName(command)} --help shows how it is used)`)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: text => context.write(text),
      writeErr: text => context.writeError(text),
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
      getOutHasColors: () => context.color,
      outputError: (text, write) => write(text),
    })
}
