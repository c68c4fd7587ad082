// The README is held to its word: its programs are compiled against the built package and run one after the other in an empty folder.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../src/engine.ts'
import { col } from '../src/frame/expr.ts'
import { frame } from './support/frames.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

interface Block {
  readonly title: string
  /** Lines above it, so that a compiler's line is the README's. */
  readonly linesBefore: number
  readonly code: string
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(match => {
    const before = markdown.slice(0, match.index)
    return { title: before.match(/^## (.+)$/gm)!.at(-1)!.slice(3), linesBefore: before.split('\n').length, code: match[1]! }
  })
}

const blocks = blocksOf(readme)
// Inside the repository, so that `millrace` is this package; ignored by git.
mkdirSync(join(root, '.cache'), { recursive: true })
const compiled = mkdtempSync(join(root, '.cache', 'readme-'))
const workplace = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
afterAll(async () => {
  await closeEngines()
  for (const folder of [compiled, workplace]) rmSync(folder, { recursive: true, force: true })
})

const flags = '--ignoreConfig --strict --noUncheckedIndexedAccess --target es2022 --lib es2023,esnext.disposable,dom --module nodenext --types node --skipLibCheck --sourceMap --pretty false'

function compile(): { status: number | null; output: string } {
  const files = blocks.map(({ linesBefore, code }, i) => {
    const file = join(compiled, `block-${i}.ts`)
    writeFileSync(file, `${'\n'.repeat(linesBefore)}${code}`)
    return file
  })
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags.split(' '), ...files], { cwd: root, encoding: 'utf8' })
  const output = tsc.stdout + tsc.stderr
  return { status: tsc.status, output: output.replace(/\S*block-\d+\.ts\((\d+),/g, 'README.md($1,') }
}

function run(index: number): { status: number | null; output: string } {
  const node = spawnSync(process.execPath, ['--enable-source-maps', join(compiled, `block-${index}.js`)], { cwd: workplace, encoding: 'utf8', timeout: 60_000 })
  return { status: node.status, output: (node.stdout + node.stderr).replace(/\S*block-\d+\.ts:/g, 'README.md:') }
}

describe('the programs of the README', () => {
  const { status, output } = compile()

  it('are found', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5)
  })

  it('compile', () => {
    expect(existsSync(join(root, 'dist/index.d.ts')), 'npm run build first').toBe(true)
    expect({ status, output }).toEqual({ status: 0, output: '' })
  })

  it.each(blocks.map(({ title, linesBefore }, i) => [title, linesBefore, i] as const))('%s (line %i) runs', (_, __, i) => {
    const { status, output } = run(i)
    expect(status, output).toBe(0)
  })

  it('leave the files that they name', () => {
    expect(['bids.parquet', 'rich.csv', 'revenue.ndjson', 'out', 'bad', 'state'].filter(name => !existsSync(join(workplace, name)))).toEqual([])
  })
})

it('the message that the README promises for a misspelt column is the one that is thrown', async () => {
  const promised = /`(filter: no column "distanse"[^`]+)`/.exec(readme)![1]
  const trips = frame([{ vendor: 'north', distance: 3.1, minutes: 12 }], { vendor: 'utf8', distance: 'float64', minutes: 'int32' })
  await expect(trips.filter(col('distanse').gt(0)).collect()).rejects.toThrow(promised)
})
