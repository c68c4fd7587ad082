// Filters over encrypted Parquet: row groups and pages are passed over by statistics and page indexes that are encrypted themselves, with the same rows as of the plain file; and an
// index that somebody changed or exchanged never costs a row.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DataError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { read } from '../../src/index.ts'
import { exact, writeParquet } from '../support/format-files.ts'
import { closeEngines } from '../support/frames.ts'
import { moduleKind, sealFile } from '../support/plain-encryption.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sealed-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const chance = random(3)
const bytesOf = (count: number) => Uint8Array.from({ length: count }, () => chance.int(256))
const rows = Array.from({ length: 4_000 }, (_, i) => ({ n: i, word: `word ${String(Math.floor(i / 10)).padStart(4, '0')}`, x: i % 5 === 0 ? null : Math.sin(i), list: [i, i + 1] }))
const device = await createDevice()
const plain = writeParquet(device, { n: 'int32', word: 'utf8', x: 'float64?', list: 'list<int32>' }, rows, { rowGroupRows: 1_500, pageRows: 100, pageIndex: true, dictionary: false })
const footer = { key: bytesOf(16) }
const own = { key: bytesOf(32), metadata: 'of n' }
const decryption = { footerKey: footer.key, columnKeys: { n: own.key } }
const filters = ['n >= 1234 and n < 1250', "word = 'word 0200'", 'n = 3999', 'x > 0.999 and n < 500', 'n > 100000', "n >= 1490 and word <= 'word 0150'"]
const options = { footer, columns: { n: own }, allColumns: true, unique: bytesOf(8), nonce: () => bytesOf(12) } as const

async function rowsOf(path: string, filter: string, workers: number): Promise<string> {
  const table = await read.parquet(path, path.includes('plain') ? {} : { decryption }).filter(filter).collect({ workers })
  return String(exact(table.toArray()))
}

const put = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const plainPath = put('plain.parquet', plain)

describe.each([
  ['AES_GCM_V1', false],
  ['AES_GCM_V1', true],
  ['AES_GCM_CTR_V1', false],
] as const)('%s, the footer plain: %s', (cipher, isFooterPlain) => {
  const { bytes, modules } = sealFile(plain, { ...options, cipher, isFooterPlain })
  const path = put(`sealed-${cipher}-${isFooterPlain}.parquet`, bytes)

  it.each(filters)('%s: the rows of the plain file', async filter => {
    const expected = await rowsOf(plainPath, filter, 1)
    for (const workers of [1, 2]) expect(await rowsOf(path, filter, workers), `${workers} workers`).toBe(expected)
  })

  it('an index that was changed or exchanged: the same rows, or an error', async () => {
    const indexes = modules.filter(({ kind }) => kind === moduleKind.columnIndex || kind === moduleKind.offsetIndex)
    expect(indexes.length).toBeGreaterThan(10)
    const expected = new Map(await Promise.all(filters.map(async filter => [filter, await rowsOf(plainPath, filter, 1)] as const)))
    for (const { start, end, key } of indexes) {
      const changed = bytes.slice()
      changed[start + chance.int(end - start)]! ^= 1 << chance.int(8)
      const exchanged = bytes.slice()
      const other = indexes.find(module => module.start !== start && module.key === key && module.end - module.start === end - start)
      if (other) exchanged.set(bytes.subarray(other.start, other.end), start)
      const filter = filters[chance.int(filters.length)]!
      for (const broken of [changed, exchanged]) {
        const found = await rowsOf(put('broken.parquet', broken), filter, 1).catch((thrown: unknown) => thrown)
        if (typeof found === 'string') expect(found, `${filter}, byte ${start}`).toBe(expected.get(filter))
        else expect(found).toBeInstanceOf(DataError)
      }
    }
  })
})
