// A file that can only be read from its start is left once nobody wants more of its rows, and waits for no end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { FrameValue } from '../../src/frame/frame.ts'
import { read, sink } from '../../src/index.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-left-'))
afterEach(async () => expect([await pagesInUse(1), await pagesInUse(2)]).toEqual([0, 0]))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})
const rows = 1_500_000
const path = join(folder, 'many.csv.gz')
writeFileSync(path, gzipSync(`id,text\n${Array.from({ length: rows }, (_, i) => `${i},row ${i}`).join('\n')}\n`, { level: 1 }))
// biome-ignore lint/suspicious/noExplicitAny: the file's columns are known at run time only
const scan = (options = {}) => read.csv(path, options) as any as FrameValue

describe.each([1, 2])('with %i workers', workers => {
  it('a packed file is read no further than a limit wants', async () => {
    const table = await scan().limit(3).collect({ workers })
    expect(table.toArray().map(row => row['id'])).toEqual([0n, 1n, 2n])
    expect(table.stats.rowsRead).toBeLessThan(rows)
    const filtered = await scan().filter('id % 1000 = 7').limit(2, { offset: 1 }).select('text').collect({ workers })
    expect(filtered.toArray()).toEqual([{ text: 'row 1007' }, { text: 'row 2007' }])
    expect(filtered.stats.rowsRead).toBeLessThan(rows)
  })

  it('all of it is read where anybody wants all', async () => {
    let seen = 0
    const all = sink({ name: 'all', delivery: 'append', write: batch => void (seen += batch.numRows) })
    const few = sink({ name: 'few', delivery: 'append', write() {} })
    const { job } = await import('../../src/index.ts')
    const frame = scan()
    await job({ few: frame.limit(3).to(few), all: frame.to(all) }).run({ workers })
    expect(seen).toBe(rows)
  })
})
