// Damaged files are told of alike, whether they lie on the disk or are fetched: nothing is read before it is there, whatever a footer promises.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { col, from, read, write } from '../../src/index.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'fetched-damage-'))
const seed = Number(process.env['SEED'] ?? 1)
const mutations = Number(process.env['MUTATIONS'] ?? 0) / 1_000 || 60
const forms = ['parquet', 'arrow', 'csv', 'ndjson'] as const
const schema = { id: 'int64', city: 'utf8?', tags: 'list<int32>' } as const
const whole: Partial<Record<(typeof forms)[number], Uint8Array>> = {}

beforeAll(async () => {
  const rows = Array.from({ length: 12_000 }, (_, i) => ({ id: BigInt(i), city: i % 7 === 0 ? null : `city ${i % 50}`, tags: [i, i + 1] }))
  const flat = from(rows, { schema })
  await flat.to(write.parquet(join(folder, 'a.parquet'), { rowGroupRows: 3_000, pageRows: 500, pageIndex: true })).run()
  await flat.to(write.arrow(join(folder, 'a.arrow'))).run({ batchRows: 1_024 })
  await flat.to(write.ndjson(join(folder, 'a.ndjson'))).run()
  await flat.select('id', 'city').to(write.csv(join(folder, 'a.csv'))).run()
  for (const form of forms) whole[form] = new Uint8Array(readFileSync(join(folder, `a.${form}`)))
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

/** The rows, or the error's code. */
async function outcome(form: (typeof forms)[number], file: string | { size: number; read(offset: number, length: number): Uint8Array }, filtered: boolean): Promise<unknown> {
  const frame = (read[form] as typeof read.csv)(file)
  return (filtered ? frame.filter(col('id').between(4_700, 4_730)) : frame).collect({ workers: 1 }).then(table => table.toArray(), error => error.code)
}

describe.each(forms)('damaged %s', form => {
  it('is the same, on the disk and fetched', async () => {
    const chance = random(seed)
    const path = join(folder, `b.${form}`)
    const failed: string[] = []
    for (let i = 0; i < mutations; i++) {
      let bytes = whole[form]!.slice()
      // The end, where footers are, is hit more often.
      for (let flips = 1 + chance.int(3); flips > 0; flips--) bytes[chance.int(2) === 0 ? chance.int(bytes.length) : bytes.length - 1 - chance.int(Math.min(bytes.length, 1_500))] = chance.int(256)
      if (chance.int(10) === 0) bytes = bytes.slice(0, chance.int(bytes.length))
      writeFileSync(path, bytes)
      const filtered = chance.int(2) === 0
      const local = await outcome(form, path, filtered)
      const fetched = await outcome(form, { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }, filtered)
      expect({ seed, i, outcome: fetched }).toEqual({ seed, i, outcome: local })
      if (typeof local === 'string') failed.push(local)
    }
    expect(failed.length).toBeGreaterThan(mutations / 20)
    expect(failed).not.toContain('BYTES_MISSING')
    expect(await pagesInUse(1)).toBe(0)
  })
})
