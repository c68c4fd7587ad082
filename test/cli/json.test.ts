// --json of the commands that print: JSON.parse reads it, and no digit is lost on the way.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { runCli } from '../support/run-cli.ts'

let folder: string
let file: string
const line = '{"big":9007199254740993,"sum":12345678901234567890.12,"half":-0.5,"day":"2024-02-29","tags":["a",null],"b":"\\"é\\u0000"}'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  file = `${folder}/big.parquet`
  await writeFile(`${folder}/big.ndjson`, `${line}\n`)
  await writeFile(`${folder}/schema.json`, '{"big":"int64","sum":"decimal(22, 2)","half":"float64","day":"date","tags":"list<utf8?>","b":"utf8"}')
  expect((await runCli(['convert', `${folder}/big.ndjson`, file, '--schema', `${folder}/schema.json`, '-q'])).error).toBe('')
})
afterAll(async () => {
  await closeEngines()
  await rm(folder, { recursive: true, force: true })
})

describe('--json', () => {
  it('writes rows as write.ndjson does, with all digits', async () => {
    await runCli(['convert', file, `${folder}/out.ndjson`, '-q'])
    const written = (await runCli(['head', `${folder}/out.ndjson`, '--json'])).out
    for (const command of ['head', 'tail', 'sample']) {
      const { out } = await runCli([command, file, '--json'])
      expect(out).toBe(`${line}\n`)
      expect(JSON.parse(out)).toMatchObject({ half: -0.5, tags: ['a', null], b: '"é\u0000' })
    }
    expect(JSON.parse(written).big).toBe(Number(9007199254740993n))
  })

  it('writes a file that is looked at as one document', async () => {
    const { out } = await runCli([file, '--json', '-n', '1'])
    expect(JSON.parse(out)).toMatchObject({ file, schema: { big: 'int64', sum: 'decimal(22, 2)' }, rows: [{ day: '2024-02-29' }] })
    expect(out).toContain('"big":9007199254740993,"sum":12345678901234567890.12')
    expect(JSON.parse((await runCli(['-n', '0', '--json', file])).out).rows).toEqual([])
  })

  it('writes counts, statistics, schemas and how a file is built', async () => {
    const parsed = async (...args: string[]) => JSON.parse((await runCli([...args, file, '--json'])).out)
    expect(await parsed('count')).toEqual({ rows: 1 })
    expect(await parsed('count', '--filter', 'half > 0')).toEqual({ rows: 0 })
    expect(await parsed('stats', '--select', 'big')).toMatchObject({ column: 'big', min: '9007199254740993', max: '9007199254740993' })
    expect(await parsed('schema')).toMatchObject({ day: 'date', tags: 'list<utf8?>' })
    expect((await parsed('inspect')).rowGroups[0].columns[0]).toMatchObject({ column: 'big', min: '9007199254740993' })
  })

  it('writes the rows of a frame that a job exports, and refuses jobs that print nothing', async () => {
    const library = new URL('../../dist/index.js', import.meta.url).href
    await writeFile(`${folder}/job.mjs`, `import { from, closeEngines } from '${library}'\nconst frame = from([{ n: 9007199254740993n }])\nexport default { async collect(options) { try { return await frame.collect(options) } finally { await closeEngines() } } }\n`)
    expect((await runCli(['run', `${folder}/job.mjs`, '--json', '--no-progress'])).out).toBe('{"n":9007199254740993}\n')
    await writeFile(`${folder}/quiet.mjs`, 'export default { run: async () => {} }\n')
    expect(await runCli(['run', `${folder}/quiet.mjs`, '--json'])).toMatchObject({ code: 2, error: expect.stringContaining('prints no rows') })
  })
})

describe('a table', () => {
  it('is whole where it goes to no terminal, and says what it leaves out where it does', async () => {
    const long = 'x'.repeat(300)
    await writeFile(`${folder}/long.csv`, `id,${Array.from({ length: 30 }, (_, i) => `column_${i}`).join(',')}\n1,${Array(30).fill(long).join(',')}\n`)
    const piped = (await runCli(['head', `${folder}/long.csv`], { width: () => Number.POSITIVE_INFINITY })).out
    expect(piped.split(long)).toHaveLength(31)
    expect(piped).not.toContain('…')
    const shown = (await runCli(['head', `${folder}/long.csv`], { width: () => 80 })).out.split('\n')
    for (const text of shown) expect(text.length).toBeLessThanOrEqual(80)
    expect(shown.slice(-3).join('\n')).toMatch(/^… \d+ values cut to fit\n… \d+ more columns: column_\d+/)
  })
})
