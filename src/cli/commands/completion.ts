// `millrace completion SHELL`: a script that completes commands, flags and files, made of the program's own definitions.
import { Argument, type Command } from 'commander'
import { commandShape } from '../command-shape.ts'
import { completionScript, type Shell, shells } from '../completion-script.ts'
import type { CliContext } from '../context.ts'

/** Adds the argument. The commands beside this one must be defined, too. */
export function define(command: Command, context: CliContext): void {
  command
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(millrace completion bash)                    in ~/.bashrc
  $ source <(millrace completion zsh)                     in ~/.zshrc, behind compinit
  $ millrace completion fish > ~/.config/fish/completions/millrace.fish`,
    )
    .action((shell: Shell) => context.write(completionScript(shell, 'millrace', commandShape(command.parent!))))
}
