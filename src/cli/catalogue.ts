// The commands: one line here and one file in commands/ each. A module is loaded only when its command is used.
import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

/** What a command's module exports. */
export interface CommandModule {
  /** Adds arguments, options, examples and the action. */
  define(command: Command, context: CommandContext): void
}

/** A command as `millrace --help` lists it. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandModule>
}

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  { name: 'convert', summary: 'convert files from one format to another', load: () => import('./commands/convert.ts') },
  { name: 'schema', summary: 'show the columns of a file and their types', load: () => import('./commands/schema.ts') },
  { name: 'types', summary: 'write a TypeScript module with the schema of a file', load: () => import('./commands/types.ts') },
  { name: 'head', summary: 'show the first rows of a file', load: () => import('./commands/head.ts') },
  { name: 'tail', summary: 'show the last rows of a file', load: () => import('./commands/tail.ts') },
  { name: 'sample', summary: 'show random rows of a file', load: () => import('./commands/sample.ts') },
  { name: 'stats', summary: 'sum up each column of a file: nulls, bounds, quartiles, histograms', load: () => import('./commands/stats.ts') },
  { name: 'inspect', summary: 'show how a Parquet or Arrow file is built', load: () => import('./commands/inspect.ts') },
  { name: 'validate', summary: 'read files with every check, and tell all that is wrong with them', load: () => import('./commands/validate.ts') },
  { name: 'diff', summary: 'compare two files of any formats, row by row or by key', load: () => import('./commands/diff.ts') },
  { name: 'count', summary: 'count the rows of files', load: () => import('./commands/count.ts') },
  { name: 'run', summary: 'run a job written in TypeScript or JavaScript', load: () => import('./commands/run.ts') },
  { name: 'jobs', summary: 'list the jobs that run', load: () => import('./commands/jobs.ts') },
  { name: 'savepoint', summary: 'make a savepoint of a running job', load: () => import('./commands/savepoint.ts') },
  { name: 'stop', summary: 'let a running job finish what it took, and end', load: () => import('./commands/stop.ts') },
  { name: 'cancel', summary: 'end a running job at once', load: () => import('./commands/cancel.ts') },
  { name: 'completion', summary: 'write a script that completes commands in bash, zsh or fish', load: () => import('./commands/completion.ts') },
  { name: 'audit', summary: 'check an audit log', load: () => import('./commands/audit.ts') },
]
