// batches() of a job that fails before anyone has asked for its first batch, or while somebody holds one: what was read comes first, then the error; nothing waits for ever.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-batches-'))
const [good, bad] = [join(folder, 'good.csv'), join(folder, 'bad.csv')]
beforeAll(() => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i}\n`)
  writeFileSync(good, `n\n${lines(100_000).join('')}`)
  const broken = lines(300_000)
  broken[299_000] = 'x,y\n'
  writeFileSync(bad, `n\n${broken.join('')}`)
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

describe.each([0, 2])('with %i workers', workers => {
  it('ends a job whose file has a bad record, time and again, while another job holds a batch', { timeout: 60_000 }, async () => {
    const held = read.csv(good).batches({ workers })[Symbol.asyncIterator]()
    expect((await held.next()).value?.numRows).toBeGreaterThan(0)
    for (let i = 0; i < 10; i++) {
      const failing = async () => {
        let rows = 0
        for await (const batch of read.csv(bad).batches({ workers })) rows += batch.numRows
        return rows
      }
      await expect(failing()).rejects.toMatchObject({ code: expect.stringMatching(/CSV/), message: expect.stringMatching(/bad\.csv, line 299002/) })
    }
    await held.return?.()
  })
})
