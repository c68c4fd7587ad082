// The scripts that shells complete by, run by the shells themselves where they are installed.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/catalogue.ts'
import { runCli } from '../support/run-cli.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  for (const shell of ['bash', 'zsh', 'fish']) await writeFile(`${folder}/script.${shell}`, (await runCli(['completion', shell])).out)
  await mkdir(`${folder}/at`)
  await mkdir(`${folder}/at/a folder`)
  await writeFile(`${folder}/at/trips one.csv`, '')
  await writeFile(`${folder}/at/trips.csv`, '')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function shell(name: string, program: string): string[] {
  const { stdout, stderr, status } = spawnSync(name, ['-c', program], { cwd: `${folder}/at`, encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter(line => line !== '')
}

describe.skipIf(!has('bash'))('completion bash', () => {
  // The words as bash cuts them, the last one being typed.
  const complete = (...words: string[]) =>
    shell('bash', `source ../script.bash; COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`)

  it('completes commands, and files to look at', () => {
    expect(complete('millrace', 'co')).toEqual(['convert', 'count', 'completion'])
    expect(complete('millrace', '')).toEqual(expect.arrayContaining([...commands.map(command => command.name), 'trips.csv']))
    expect(complete('millrace', 'tri').toSorted()).toEqual(['trips one.csv', 'trips.csv'])
  })
  it('completes the flags of the command at hand', () => {
    expect(complete('millrace', 'head', 'trips.csv', '--s')).toEqual(['--select'])
    expect(complete('millrace', '--debug', 'sample', '--se').toSorted()).toEqual(['--seed', '--select'])
    expect(complete('millrace', 'trips.csv', '--')).toEqual(expect.arrayContaining(['--rows', '--json', '--help']))
  })
  it('completes values: words, folders, files, and none where any text may stand', () => {
    expect(complete('millrace', 'convert', '--to', 'par')).toEqual(['parquet'])
    expect(complete('millrace', 'convert', '--to', '=', 'ar')).toEqual(['arrow'])
    expect(complete('millrace', 'convert', '--to', '=')).toContain('ndjson')
    expect(complete('millrace', 'run', '--checkpoint', '')).toEqual(['a folder'])
    expect(complete('millrace', 'head', '--rows', '')).toEqual([])
    expect(complete('millrace', 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })
  it('completes commands of commands', () => {
    expect(complete('millrace', 'audit', '')).toEqual(expect.arrayContaining(['verify']))
    expect(complete('millrace', 'audit', 'verify', '--k')).toEqual(['--key'])
    expect(complete('millrace', 'audit', 'verify', '')).toEqual(['a folder'])
  })
  it('is registered', () => {
    expect(shell('bash', 'source ../script.bash; complete -p millrace')).toEqual(['complete -F _millrace millrace'])
  })
})

describe.skipIf(!has('zsh'))('completion zsh', () => {
  // What stands behind _arguments is zsh's own; here its specifications are caught.
  const specifications = (...words: string[]) =>
    shell('zsh', `compdef() { }; _arguments() { print -rl -- "$@"; state=rest; }; source ../script.zsh; words=(${words.join(' ')}); _millrace`)

  it('gives flags, values and files of the command at hand', () => {
    const lines = specifications('convert')
    expect(lines).toContain('--to=[the format of the output, where the ending does not tell]:format:(parquet csv tsv ndjson json arrow)')
    expect(lines).toContain('*:path:_files')
    expect(specifications('run')).toContain('--checkpoint=[keep state here, and resume from it]:dir:_files -/')
    expect(specifications('head')).toContain('(-n --rows)-n[rows to show]:count: ')
  })
})

describe.skipIf(!has('fish'))('completion fish', () => {
  const complete = (line: string) => shell('fish', `source ../script.fish; complete -C '${line}'`).map(text => text.split('\t')[0])

  it('completes commands, flags and values', () => {
    expect(complete('millrace co')).toEqual(expect.arrayContaining(['convert', 'count', 'completion']))
    expect(complete('millrace head --s')).toEqual(['--select'])
    expect(complete('millrace convert --to par')).toEqual(['parquet'])
    expect(complete('millrace audit ver')).toContain('verify')
    expect(complete('millrace audit verify --k')).toEqual(['--key'])
    expect(complete('millrace completion ')).toEqual(expect.arrayContaining(['bash', 'fish', 'zsh']))
    expect(complete('millrace run --checkpoint ')).toEqual(['a folder/'])
  })
})

describe('completion', () => {
  it('knows every flag that help tells of', async () => {
    const { out } = await runCli(['completion', 'bash'])
    for (const { name } of commands) {
      const help = (await runCli([name, '--help'])).out
      for (const [, flag] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) expect(out).toMatch(new RegExp(`'${name}'\\) flags='[^']*${flag}[ ']`))
    }
  })
  it('refuses other shells', async () => {
    expect(await runCli(['completion', 'tcsh'])).toMatchObject({ code: 2, error: expect.stringContaining('bash, zsh, fish') })
  })
})
