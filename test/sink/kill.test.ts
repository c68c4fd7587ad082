// A process that replaces files again and again is killed with -9: whatever the moment, each file is a whole one of some round. Needs dist/.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, read } from '../../src/index.ts'

const dist = new URL('../../dist/index.js', import.meta.url).href
const rows = 20_000
const files: readonly (readonly ['parquet' | 'arrow' | 'csv' | 'ndjson' | 'json', string, object?])[] = [
  ['parquet', 'rows.parquet'],
  ['arrow', 'rows.arrow'],
  ['csv', 'rows.csv'],
  ['ndjson', 'rows.ndjson'],
  ['csv', 'rows.csv.gz'],
  ['ndjson', 'rows.ndjson.zst'],
  ['json', 'rows.json.gz'],
  ['parquet', 'rows.zstd.parquet', { compression: 'zstd', rowGroupRows: 7_000 }],
  ['parquet', 'rows.gzip.parquet', { compression: 'gzip' }],
]
// Every round writes its number into every row; the file of one round has other bytes than that of the next at every place.
const program = `
import { col, generate, write } from '${dist}'
const [, , folder, from] = process.argv
for (let round = Number(from); ; round++) {
  const frame = generate.columns({ id: generate.sequence() }, { rows: ${rows} }).with({ round: col('id').mul(0).add(round), text: col('id').add(round).cast('utf8') })
  for (const [to, path, options] of ${JSON.stringify(files)}) {
    await frame.to(write[to](folder + '/' + path, { overwrite: true, ...options })).run({ workers: 1 })
    console.log(round)
  }
}
`
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

it('a killed process leaves files as they were, or whole new ones', async () => {
  writeFileSync(join(folder, 'job.mjs'), program)
  const chance = random(Number(process.env['SEED'] ?? 5))
  let next = 1
  for (let kill = 0; kill < 10; kill++) {
    const reached = await runUntilKilled([join(folder, 'job.mjs'), folder, String(next)], files.length + chance.int(files.length + 2), chance.int(40))
    expect(readdirSync(folder).filter(name => name.startsWith('rows.'))).toHaveLength(files.length)
    for (const [format, name] of files) {
      const table = await (read[format] as typeof read.csv)(join(folder, name)).collect({ workers: 1 })
      const found = table.toArray() as { id: unknown; round: unknown; text: unknown }[]
      const round = Number(found[0]!.round)
      expect({ name, rows: found.length, isKnown: round >= reached - 1 && round <= reached + 1 }).toEqual({ name, rows, isKnown: true })
      expect(found.findIndex(row => Number(row.round) !== round || Number(row.text) !== Number(row.id) + round)).toBe(-1)
    }
    next = reached + 2
  }
})

// Kills after `lineCount` lines and some milliseconds. Gives the last number that was printed.
function runUntilKilled(args: string[], lineCount: number, ms: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let error = ''
    let isKilled = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (isKilled || out.split('\n').length <= lineCount) return
      isKilled = true
      setTimeout(() => child.kill('SIGKILL'), ms)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
    child.on('close', () => (isKilled ? resolve(Number(out.trim().split('\n').at(-1))) : reject(new Error(`the process ended by itself: ${error}`))))
  })
}
