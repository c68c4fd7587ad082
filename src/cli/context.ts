// What commands share: where they write, when they were cancelled, and how they fit into the program.
import type { Command } from 'commander'
import type { ProgressTarget } from '../base/progress-line.ts'

/** What a command may use of the process. */
export interface CliContext {
  write(text: string): void
  writeError(text: string): void
  /** Whether `write` goes to a terminal, and `writeError`. */
  readonly isTerminal: boolean
  readonly isErrorTerminal: boolean
  /** Cells of the terminal. */
  width(): number
  readonly color: boolean
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Progress goes to the error stream, so that standard output stays clean for data. */
export function progressTarget(context: CliContext): ProgressTarget {
  return { write: text => context.writeError(text), isTerminal: context.isErrorTerminal, width: () => context.width() }
}

/** Makes a command write to the context and throw instead of exiting. For commands that add subcommands of their own. */
export function adopt(command: Command, context: CliContext): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: text => context.write(text),
      writeErr: text => context.writeError(text),
      getOutHelpWidth: () => context.width(),
      getErrHelpWidth: () => context.width(),
      getOutHasColors: () => context.color,
      outputError: (text, write) => write(text),
    })
}
