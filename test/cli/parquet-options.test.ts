// How convert writes Parquet, by flags: what is in the file, and what is refused.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-style-'))
const at = (name: string) => join(folder, name)
writeFileSync(at('in.csv'), `id,city,"a,b:c",fare\n${Array.from({ length: 200 }, (_, i) => `${i},c${i % 5},x${i % 3},${i / 7}`).join('\n')}\n`)
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

interface Chunk {
  column: string
  encodings: string[]
  bloomFilter: boolean
  pageIndex: string
  pages: { kind: string; rows: number; encoding: string }[]
}
let nth = 0
const written = async (...args: string[]): Promise<{ rows: number; sortedBy: string[]; columns: Chunk[] }[]> => {
  const out = at(`out${++nth}.parquet`)
  expect(await runCli(['convert', at('in.csv'), out, '-q', ...args])).toMatchObject({ code: 0, error: '' })
  expect((await runCli(['diff', at('in.csv'), out])).out).toContain('equal: 200 rows')
  return JSON.parse((await runCli(['inspect', out, '--pages', '--json'])).out).rowGroups
}
const refused = async (...args: string[]) => {
  const result = await runCli(['convert', at('in.csv'), at('no.parquet'), ...args])
  expect([result.code, existsSync(at('no.parquet'))]).toEqual([2, false])
  return result.error
}

describe('flags of Parquet', () => {
  it('bound row groups and pages', async () => {
    const groups = await written('--row-group-rows', '90', '--page-rows', '40')
    expect(groups.map(group => group.rows)).toEqual([90, 90, 20])
    expect(groups[0]!.columns[0]!.pages.filter(page => page.kind !== 'dictionary').map(page => page.rows)).toEqual([40, 40, 10])
    const [group] = await written('--page-bytes', '80', '--encoding', 'plain')
    expect(group!.columns[0]!.pages[0]).toMatchObject({ rows: 10, encoding: 'PLAIN' })
    expect((await written('--row-group-bytes', '1KiB')).length).toBeGreaterThanOrEqual(1)
    const [indexed] = await written('--page-rows', '40')
    expect(indexed!.columns[0]!.pageIndex).toBe('places and bounds')
    expect((await written('--page-rows', '40', '--no-page-index'))[0]!.columns[0]!.pageIndex).toBe('none')
  })

  it('give columns Bloom filters and encodings, also names with commas', async () => {
    const [group] = await written('--bloom', 'id,"a,b:c":0.001', '--encoding', 'id:delta,fare:byte-stream-split,"a,b:c":delta')
    expect(group!.columns.map(chunk => [chunk.column, chunk.bloomFilter])).toEqual([['id', true], ['city', false], ['a,b:c', true], ['fare', false]])
    expect(group!.columns.map(chunk => chunk.pages.at(-1)!.encoding)).toEqual(['DELTA_BINARY_PACKED', 'RLE_DICTIONARY', 'DELTA_BYTE_ARRAY', 'BYTE_STREAM_SPLIT'])
    const [plain] = await written('--no-dictionary')
    for (const chunk of plain!.columns) expect(chunk.pages.every(page => page.kind === 'data' && page.encoding === 'PLAIN')).toBe(true)
  })

  it('note the order of rows', async () => {
    expect((await written('--sorted-by', 'id,-fare'))[0]!.sortedBy).toEqual(['id', '-fare'])
  })

  it('hold for standard output and for folders, too', async () => {
    const { out } = await runCli(['convert', at('in.csv'), '-', '--to', 'parquet', '-q', '--row-group-rows', '50', '--bloom', 'id'])
    writeFileSync(at('piped.parquet'), Buffer.from(out, 'latin1'))
    const told = JSON.parse((await runCli(['inspect', at('piped.parquet'), '--json'])).out)
    expect([told.rowGroups.length, told.rowGroups[0].columns[0].bloomFilter]).toEqual([4, true])
    expect((await runCli(['convert', at('in.csv'), `${at('parts')}/`, '--to', 'parquet', '-q', '--partition-by', 'city', '--encoding', 'delta'])).error).toBe('')
    expect((await runCli(['count', `${at('parts')}/**/*.parquet`])).out).toBe('200\n')
  })

  it('are told by --dry-run', async () => {
    const { out } = await runCli(['convert', at('in.csv'), at('dry.parquet'), '--dry-run', '--page-rows', '1000', '--bloom', 'id:0.1,city', '--encoding', 'delta', '--no-dictionary', '--no-page-index', '--sorted-by', '-id', '--page-bytes', '1MiB', '--row-group-bytes', '8MiB'])
    expect(out).toContain('parquet, row groups of 8MiB at most, pages of 1,000 rows, pages of 1MiB at most, no page index, Bloom filters of id:0.1, city, encoding delta, no dictionaries, said to be sorted by -id')
  })

  it('are refused where they are wrong', async () => {
    expect(await refused('--bloom', 'idd')).toContain('did you mean "id"')
    expect(await refused('--bloom', 'id:2')).toContain('give a number between 0 and 1')
    expect(await refused('--bloom', 'id:x')).toContain('give a number between 0 and 1')
    expect(await refused('--bloom', 'id,,city')).toContain('some with a word')
    expect(await refused('--bloom', 'id,id')).toContain('named twice')
    expect(await refused('--encoding', 'best')).toContain('no encoding "best"')
    expect(await refused('--encoding', 'id:delta,city')).toContain('"city" has no encoding')
    expect(await refused('--encoding', 'city:byte-stream-split')).toContain('have no encoding')
    expect(await refused('--page-rows', '0')).toContain('from 1 to 1048576')
    expect(await refused('--page-bytes', 'much')).toContain('"much" is not a size')
    expect(await refused('--sorted-by', 'idd')).toContain('did you mean "id"')
    for (const [flag, ...value] of [['--bloom', 'id'], ['--encoding', 'plain'], ['--page-rows', '5'], ['--page-bytes', '5'], ['--row-group-bytes', '5'], ['--no-page-index'], ['--no-dictionary'], ['--sorted-by', 'id']])
      expect(await runCli(['convert', at('in.csv'), at('no.ndjson'), flag!, ...value])).toMatchObject({ code: 2, error: expect.stringMatching(new RegExp(`^error: ${flag}: only parquet has`)) })
  })
})
