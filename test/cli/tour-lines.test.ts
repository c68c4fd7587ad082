// The lines of the tour's sixth part, as they stand, through the built command in a folder with its files. Needs dist/, which `npm test` builds first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

// What a shell finds under the name npx is a script that runs the built command as npx would.
const npx = `#!/bin/sh\n[ "$1" = millrace ] && shift\nexec "${process.execPath}" "${main}" "$@"\n`

const logLine = (i: number) => JSON.stringify({ day: `2026-01-0${1 + (i % 3)}`, status: i % 4 === 0 ? 503 : 200, path: i % 8 === 0 ? `/api/items/${i}` : `/page/${i}`, ms: i / 2 })

describe.skipIf(process.platform === 'win32')('the lines of the tour', () => {
  let folder: string
  const sh = (line: string) => execFileSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH: `${folder}/bin:${process.env['PATH']}` }, stdio: ['ignore', 'pipe', 'pipe'] })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    mkdirSync(`${folder}/bin`)
    await writeFile(`${folder}/bin/npx`, npx, { mode: 0o755 })
    mkdirSync(`${folder}/node_modules`)
    symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), `${folder}/node_modules/millrace`)
    const trips = Array.from({ length: 2_500 }, (_, i) => `${['green', 'yellow', 'blue'][i % 3]},${i / 10},2026-01-${String(1 + (i % 28)).padStart(2, '0')}`)
    await writeFile(`${folder}/trips.csv`, `vendor,distance,day\n${trips.join('\n')}\n`)
    mkdirSync(`${folder}/logs`)
    const lines = Array.from({ length: 400 }, (_, i) => `${logLine(i)}\n`)
    await writeFile(`${folder}/logs/a.ndjson.gz`, gzipSync(lines.slice(0, 250).join('')))
    await writeFile(`${folder}/logs/b.ndjson.gz`, gzipSync(lines.slice(250).join('')))
    sh('npx millrace convert trips.csv trips.parquet --compression zstd --row-group-rows 1000000')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('show a file', () => {
    const out = sh('npx millrace trips.csv                                     # schema and first rows')
    expect(out).toContain('trips.csv: 3 columns; the first 10 rows')
    expect(out).toContain('│ yellow │')
  })

  it('convert a file, and files by a pattern into folders', () => {
    const { rowGroups } = JSON.parse(sh('npx millrace inspect trips.parquet --json'))
    expect(rowGroups).toMatchObject([{ rows: 2_500, columns: [{ codec: 'ZSTD' }, { codec: 'ZSTD' }, { codec: 'ZSTD' }] }])
    sh(`npx millrace convert 'logs/*.ndjson.gz' out/ --to parquet --partition-by day --filter "status >= 500 and path like '/api/%'"`)
    expect(readdirSync(`${folder}/out`)).toEqual(['day=2026-01-01', 'day=2026-01-02', 'day=2026-01-03'])
    expect(sh('npx millrace count out/ --from parquet')).toBe('50\n')
  })

  it('show rows, figures, insides and the schema', () => {
    expect(sh('npx millrace head trips.parquet -n 5 --select vendor,distance').match(/│ (green|yellow|blue)/g)).toHaveLength(5)
    expect(sh('npx millrace stats trips.parquet')).toMatch(/│ vendor +│ utf8 +│ +0 │ +3 │/)
    expect(sh('npx millrace inspect trips.parquet')).toContain('2,500 rows in row groups: 1')
    expect(JSON.parse(sh('npx millrace schema trips.parquet --json'))).toEqual({ vendor: 'utf8', distance: 'float64', day: 'date' })
  })

  it('write a schema that the compiler and --schema take', () => {
    sh('npx millrace types trips.parquet > trips.schema.ts')
    expect(readFileSync(`${folder}/trips.schema.ts`, 'utf8')).toContain("export const tripsSchema = {\n  vendor: 'utf8',\n  distance: 'float64',\n  day: 'date',\n}")
    sh('npx millrace convert trips.csv again.csv --schema trips.schema.ts')
    expect(readFileSync(`${folder}/again.csv`, 'utf8')).toBe(readFileSync(`${folder}/trips.csv`, 'utf8'))
  })
})
