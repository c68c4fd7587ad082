// Scripts by which shells complete a program's commands, flags, values and files.
import { allShapes, type CommandShape, type OptionShape, type ValueShape } from './command-shape.ts'

/** Shells that there is a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script for a shell, of a program called `name`. */
export function completionScript(shell: Shell, name: string, program: CommandShape): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](name, program)
}

const single = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const flagsOf = (shape: CommandShape) => shape.options.flatMap(option => option.flags)
const namesOf = (shape: CommandShape) => shape.commands.map(command => command.path.at(-1)!)

// bash cuts words at = and :, so that --from=csv comes as three. Works with bash 3.2, which macOS has.
function bashScript(name: string, program: CommandShape): string {
  const steps = allShapes(program).slice(1).map(({ path }) => `      ${single(`${path.slice(0, -1).join(' ')}/${path.at(-1)}`)}) path=${single(path.join(' '))} ;;`)
  const values = allShapes(program).flatMap(shape =>
    shape.options.filter(option => option.value).map(option => `    ${option.flags.map(flag => single(`${shape.path.join(' ')}/${flag}`)).join('|')}) ${bashValues(name, [option.value!])}; return ;;`),
  )
  const rest = allShapes(program).map(shape => `    ${single(shape.path.join(' '))}) flags=${single(flagsOf(shape).join(' '))}; words=${single(namesOf(shape).join(' '))}; rest() { ${bashValues(name, shape.values)}; } ;;`)
  return `# bash completion for ${name}: source <(${name} completion bash)
_${name}_add() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <("$@" -- "$cur")
}
_${name}_paths() {
  compopt -o filenames 2>/dev/null
  _${name}_add compgen "$1"
}
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word flags words i
  COMPREPLY=()
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = && COMP_CWORD -ge 2 ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    case "$path/$word" in
${steps.join('\n')}
      *) break ;;
    esac
  done
  case "$path/$prev" in
${values.join('\n')}
  esac
  case "$path" in
${rest.join('\n')}
  esac
  if [[ $cur == -* ]]; then _${name}_add compgen -W "$flags"
  else
    _${name}_add compgen -W "$words"
    rest
  fi
}
complete -F _${name} ${name}
`
}

function bashValues(name: string, values: readonly ValueShape[]): string {
  const calls = values.map(value => {
    if (value.kind === 'words') return `_${name}_add compgen -W ${single(value.words.join(' '))}`
    return value.kind === 'text' ? ':' : `_${name}_paths ${value.kind === 'file' ? '-f' : '-d'}`
  })
  return [...new Set(calls)].join('; ') || ':'
}

function zshScript(name: string, program: CommandShape): string {
  const functions = allShapes(program).map(shape => zshFunction(name, shape))
  return `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh), or a file _${name} in a folder of $fpath
${functions.join('')}if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function zshFunction(name: string, shape: CommandShape): string {
  const title = ['', name, ...shape.path].join('_')
  const specs = shape.options.flatMap(zshOption)
  if (shape.commands.length === 0) return `${title}() {\n  _arguments -s ${[...specs, ...zshRest(shape.values)].join(' \\\n    ')}\n}\n`
  const commands = shape.commands.map(child => single(`${child.path.at(-1)!}:${child.summary}`))
  const files = shape.values.some(value => value.kind === 'file') ? '; _files' : ''
  return `${title}() {
  local context state state_descr line
  local -a commands
  typeset -A opt_args
  commands=(${commands.join(' \\\n    ')})
  _arguments -C -s ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe -t commands command commands${files} ;;
    rest) case $words[1] in
${namesOf(shape).map(child => `      ${child}) ${title}_${child} ;;`).join('\n')}
      *) _files ;;
    esac ;;
  esac
}
`
}

function zshOption({ flags, summary, name, value }: OptionShape): string[] {
  const others = flags.length > 1 ? `(${flags.join(' ')})` : ''
  const text = summary.replace(/[[\]\\:]/g, '\\$&')
  return flags.map(flag => single(`${others}${flag}${value && flag.startsWith('--') ? '=' : ''}[${text}]${value ? `:${name}:${zshValues(value)}` : ''}`))
}

function zshValues(value: ValueShape): string {
  if (value.kind === 'words') return `(${value.words.join(' ')})`
  return value.kind === 'file' ? '_files' : value.kind === 'folder' ? '_files -/' : ' '
}

function zshRest(values: readonly ValueShape[]): string[] {
  return values.length === 0 ? [] : [single(`*:${values[0]!.kind === 'words' ? 'word' : 'path'}:${zshValues(values[0]!)}`)]
}

const fishQuoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`

function fishScript(name: string, program: CommandShape): string {
  const lines = allShapes(program).flatMap(shape => {
    const when = fishCondition(shape)
    const complete = `complete -c ${name} -n ${fishQuoted(when)}`
    const commands = shape.commands.map(child => `${complete} -a ${child.path.at(-1)!} -d ${fishQuoted(child.summary)}`)
    const values = shape.values.flatMap(value => (value.kind === 'words' ? [`${complete} -f -a ${fishQuoted(value.words.join(' '))}`] : value.kind === 'folder' ? [`${complete} -f -a '(__fish_complete_directories)'`] : []))
    const bare = shape.commands.length > 0 && shape.values.length === 0 ? [`${complete} -f`] : []
    return [...bare, ...commands, ...values, ...shape.options.map(option => `${complete} ${fishOption(option)}`)]
  })
  return `# fish completion for ${name}: ${name} completion fish | source\n${lines.join('\n')}\n`
}

// Where a command is being completed: all words of its path are there, none of what is below it.
function fishCondition({ path, commands }: CommandShape): string {
  if (path.length === 0) return '__fish_use_subcommand'
  const seen = path.map(word => `__fish_seen_subcommand_from ${word}`)
  const below = commands.map(child => `not __fish_seen_subcommand_from ${child.path.at(-1)!}`)
  return [...seen, ...below].join('; and ')
}

function fishOption({ flags, summary, value }: OptionShape): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  const kinds: Record<ValueShape['kind'], string> = { file: '-r -F', folder: "-x -a '(__fish_complete_directories)'", text: '-x', words: '-x' }
  const taken = !value ? [] : value.kind === 'words' ? [`-x -a ${fishQuoted(value.words.join(' '))}`] : [kinds[value.kind]]
  return [...names, ...taken, `-d ${fishQuoted(summary)}`].join(' ')
}
