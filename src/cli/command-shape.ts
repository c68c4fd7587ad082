// What the program knows of its commands, as plain data: read from commander's own definitions, so that nothing is listed twice.
import type { Argument, Command, Option } from 'commander'

/** What may stand for a value: words of a list, paths, or whatever the user writes. */
export type ValueShape = { readonly kind: 'file' | 'folder' | 'text' } | { readonly kind: 'words'; readonly words: readonly string[] }

/** An option: its flags, such as -n and --rows, and its value where it takes one. */
export interface OptionShape {
  readonly flags: readonly string[]
  readonly summary: string
  /** What help calls the value, such as 'count'. */
  readonly name: string
  readonly value?: ValueShape
}

/** A command, with all below it. */
export interface CommandShape {
  /** The words behind the program's name: [] is the program, ['audit', 'verify'] a command of a command. */
  readonly path: readonly string[]
  readonly summary: string
  readonly options: readonly OptionShape[]
  /** What may stand without a flag. */
  readonly values: readonly ValueShape[]
  readonly commands: readonly CommandShape[]
}

/** The shape of a command and those below it. */
export function commandShape(command: Command, path: readonly string[] = []): CommandShape {
  const help = command.createHelp()
  return {
    path,
    summary: command.summary() || command.description(),
    options: help.visibleOptions(command).map(optionShape),
    values: help.visibleArguments(command).map(argumentShape),
    commands: help.visibleCommands(command).map(child => commandShape(child, [...path, child.name()])),
  }
}

function optionShape(option: Option): OptionShape {
  const flags = [option.short, option.long].filter(flag => flag !== undefined)
  const name = /[<[]([^.>\]]+)/.exec(option.flags)?.[1] ?? ''
  return { flags, summary: option.description, name, ...(name !== '' && { value: valueShape(name, option.argChoices) }) }
}

function argumentShape(argument: Argument): ValueShape {
  const shape = valueShape(argument.name(), argument.argChoices)
  // Of arguments, unlike of options, help says by name only which are no files.
  return shape.kind === 'text' && argument.name() !== 'command' ? { kind: 'file' } : shape
}

function valueShape(name: string, words: readonly string[] | undefined): ValueShape {
  if (words) return { kind: 'words', words }
  if (['file', 'files', 'path', 'paths'].includes(name)) return { kind: 'file' }
  return ['dir', 'folder'].includes(name) ? { kind: 'folder' } : { kind: 'text' }
}

/** A command and all below it, in order. */
export function allShapes(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.commands.flatMap(allShapes)]
}
