import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { schemaModule, schemaName } from '../../src/cli/commands/types.ts'
import { closeEngines } from '../../src/engine.ts'
import { runCli } from '../support/run-cli.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
const compiled = mkdtempSync(join(root, '.cache', 'types-'))
afterAll(async () => {
  await closeEngines()
  for (const path of [folder, compiled]) rmSync(path, { recursive: true })
})

describe('millrace types', () => {
  it('writes a module of the columns and their types', async () => {
    writeFileSync(`${folder}/my trips.csv`, 'city,trips,mean speed\nOslo,3,1.5\nRio,,2.5\n')
    expect((await runCli(['types', `${folder}/my trips.csv`])).out.replace(folder, '')).toBe(`// The columns of /my trips.csv, written by \`millrace types\`.
import type { Row, Schema } from 'millrace'

export const myTripsSchema = {
  city: 'utf8',
  trips: 'int64?',
  'mean speed': 'float64',
} as const satisfies Schema

export type MyTripsRow = Row<typeof myTripsSchema>
`)
    expect((await runCli(['types', `${folder}/my trips.csv`, '--name', 'trips'])).out).toContain('export const trips = {')
  })

  it('writes what compiles, whatever the columns are called', () => {
    const odd = { "it's": 'utf8', 'say "so"': 'int64?', 'line\nfeed': 'list<struct<a: int8, "b c": utf8?>>', 'back\\slash': 'timestamp[ms, Europe/Berlin]', '1st': 'decimal(12, 2)', class: 'bool' }
    writeFileSync(`${compiled}/odd.ts`, `${schemaModule(odd, schemaName('2024 odd.parquet'), 'odd\nname')}\nexport const day: File2024OddRow["it's"] = 'x'\n`)
    const flags = '--ignoreConfig --noEmit --strict --target es2022 --lib es2023,dom,esnext.disposable --module nodenext --types node --skipLibCheck --pretty false'
    const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags.split(' '), `${compiled}/odd.ts`], { cwd: root, encoding: 'utf8' })
    expect(tsc.stdout + tsc.stderr).toBe('')
  })
})
