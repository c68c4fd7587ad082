// What `write.parquet` encrypts, opened by a plain reference that shares no code with src: every module opens at its place, no nonce comes twice, the footer shows what it should and
// nothing else, and the plain file inside has the rows.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { hideEncryption } from '../../src/format/parquet/write-encryption.ts'
import { generate, write } from '../../src/index.ts'
import { allTypes, allTypesRows, exact, readParquet, writeParquet } from '../support/format-files.ts'
import { closeEngines } from '../support/frames.ts'
import { type Module, moduleKind, openFile } from '../support/plain-encryption.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-opened-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})
const device = await createDevice()
const rows = allTypesRows(300)
const chance = random(Number(process.env.SEED ?? 1))
const bytesOf = (count: number) => Uint8Array.from({ length: count }, () => chance.int(256))

// The pages of a chunk, and the headers before them, are numbered without a gap.
function expectNumbered(modules: readonly Module[]): void {
  const seen = modules.map(({ kind, ordinals }) => `${kind} ${ordinals.join(' ')}`)
  expect(new Set(seen).size).toBe(seen.length)
  for (const { kind, ordinals } of modules) if (kind === moduleKind.dataPage && ordinals[2]! > 0) expect(seen).toContain(`${kind} ${ordinals[0]} ${ordinals[1]} ${ordinals[2]! - 1}`)
}

describe.each(Array.from({ length: 12 }, (_, i) => i))('round %i', round => {
  it('opens, module by module', () => {
    const footerKey = bytesOf([16, 24, 32][round % 3]!)
    const columnKeys: Record<string, Uint8Array> = round % 4 === 0 ? {} : { long: bytesOf(16), textN: bytesOf(32) }
    const aadPrefix = round % 2 ? undefined : 'a table'
    const storeAadPrefix = round % 3 !== 0
    const algorithm = round % 5 < 3 ? 'AES_GCM_V1' : 'AES_GCM_CTR_V1'
    const plaintextFooter = chance.int(2) === 1
    const encryption = hideEncryption({ footerKey, columnKeys, algorithm, plaintextFooter, ...(aadPrefix !== undefined && { aadPrefix, storeAadPrefix }) })
    const bytes = writeParquet(device, allTypes, rows, { encryption, rowGroupRows: 120, pageRows: 25, compression: (['none', 'snappy', 'zstd'] as const)[round % 3]! })
    const opened = openFile(bytes, { footer: footerKey, columns: columnKeys, ...(aadPrefix !== undefined && !storeAadPrefix && { aadPrefix }) })
    expect(exact(readParquet(device, opened.plain))).toBe(exact(readParquet(device, writeParquet(device, allTypes, rows, { rowGroupRows: 120 }))))
    expect(new Set(opened.nonces).size).toBe(opened.nonces.length)
    expectNumbered(opened.modules.filter(({ start }) => start >= 0))
    const shown = new TextDecoder('latin1').decode(bytes)
    expect(shown.includes('a text that is longer than a view holds')).toBe(false)
    expect(shown.includes('floatN')).toBe(plaintextFooter)
  })
})

it.each([1, 2])('row groups that threads encode, %i workers', async workers => {
  const path = join(folder, `threads-${workers}.parquet`)
  const [footerKey, own] = [bytesOf(16), bytesOf(32)]
  await generate.range(400_000).to(write.parquet(path, { encryption: { footerKey, columnKeys: { id: own } } })).run({ workers })
  const { plain, nonces, modules } = openFile(new Uint8Array(readFileSync(path)), { footer: footerKey, columns: { id: own } })
  expect(new Set(nonces).size).toBe(nonces.length)
  expectNumbered(modules.filter(({ start }) => start >= 0))
  const ids = readParquet(device, plain, { batchRows: 65_536 }).map(row => Number(Object.values(row)[0]))
  expect(ids.sort((a, b) => a - b).every((id, i) => id === i)).toBe(true)
  expect(ids.length).toBe(400_000)
})
