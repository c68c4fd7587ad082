// Packed text through whole jobs: in bounded memory, and what damage looks like from outside.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { agg, closeEngines, read } from '../../src/index.ts'
import { pagesInUse } from '../support/frames.ts'

describe('packed files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-packed-'))
  afterAll(async () => {
    await closeEngines()
    rmSync(folder, { recursive: true })
  })
  const count = 400_000
  const texts = {
    ndjson: Array.from({ length: count }, (_, id) => `{"id":${id},"note":"a note that is long enough to fill the memory with it"}`).join('\n'),
    csv: `id,note\n${Array.from({ length: count }, (_, id) => `${id},"a note that is long enough to fill the memory with it"`).join('\n')}`,
  }

  it.each([['ndjson', 0], ['csv', 2]] as const)('of %s are read in pieces, though their text is more than the memory, on %i threads', async (format, workers) => {
    const path = join(folder, `all.${format}.gz`)
    writeFileSync(path, gzipSync(texts[format], { level: 1 }))
    const table = await read[format](path).agg({ n: agg.count(), ids: agg.sum('id'), notes: agg.countDistinct('note') }).collect({ workers, memory: '20MiB' })
    expect(table.toArray()).toEqual([{ n: count, ids: (BigInt(count) * BigInt(count - 1)) / 2n, notes: 1 }])
    expect(table.stats.memory.peakBytes).toBeLessThanOrEqual(20 * 2 ** 20)
  })

  it('that are damaged in the middle fail by name, and nothing is left in memory', async () => {
    const packed = gzipSync(texts.ndjson)
    const path = join(folder, 'cut.ndjson.gz')
    writeFileSync(path, packed.subarray(0, packed.length - 1_000))
    const run = read.ndjson(path).agg({ n: agg.count() }).collect({ workers: 0 })
    await expect(run).rejects.toMatchObject({ code: 'GZIP', message: expect.stringMatching(/cut\.ndjson\.gz is no whole gzip file \(the packed bytes end early\); it may be cut/) })
    expect(await pagesInUse(0)).toBe(0)
  })
})
