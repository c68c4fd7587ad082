// Encrypted Parquet against a plain reference that shares no code with src: what it seals is read to the same values, whatever the options, and what somebody changed, exchanged or
// moved in a file, module by module, is refused or makes no difference.
import { afterEach, describe, expect, it } from 'vitest'
import { DataError } from '../../src/base/errors.ts'
import { type Random, random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import type { ParquetDecryption } from '../../src/format/parquet/parquet-keys.ts'
import { allTypes, allTypesRows, exact, readParquet, writeParquet } from '../support/format-files.ts'
import { nestedShape } from '../support/nested-samples.ts'
import { type Module, moduleKind, openFile, type PlainKey, type SealOptions, sealFile } from '../support/plain-encryption.ts'
import { plainParquet } from '../support/plain-parquet.ts'
import { sampleValues } from '../support/samples.ts'

const seed = Number(process.env.SEED ?? 1)
const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const flat = writeParquet(device, allTypes, allTypesRows(90), { rowGroupRows: 60, pageRows: 20 })

function nestedFile(chance: Random): { bytes: Uint8Array; paths: string[] } {
  const columns = Array.from({ length: 5 }, (_, i) => nestedShape(chance, `c${i}`, i % 3))
  const values = columns.map(({ type, nullable }) => sampleValues(chance, type, 60, nullable ? 'nulls' : 'full'))
  const rows = Array.from({ length: 60 }, (_, row) => Object.fromEntries(columns.map(({ record }, i) => [`c${i}`, values[i]![row] === null ? null : record(values[i]![row]!)])))
  return { bytes: plainParquet(columns.map(c => c.element), rows, { random: chance, rowGroupRows: 40, pageEntries: 30 }), paths: columns.map((_, i) => `c${i}`) }
}

const bytesOf = (chance: Random, count: number) => Uint8Array.from({ length: count }, () => chance.int(256))

interface Sealed {
  readonly bytes: Uint8Array
  readonly modules: readonly Module[]
  readonly options: SealOptions
  readonly decryption: ParquetDecryption
}

function keyOf(chance: Random, metadata?: string): PlainKey {
  return { key: bytesOf(chance, [16, 24, 32][chance.int(3)]!), ...(metadata !== undefined && { metadata }) }
}

/** A file sealed as chance has it. Some of `names` get keys of their own. */
function sealedBy(chance: Random, plain: Uint8Array, names: readonly string[], given: Partial<SealOptions> = {}): Sealed {
  const footer = keyOf(chance, chance.int(2) ? 'the footer' : undefined)
  const own = Object.fromEntries(names.filter(() => chance.int(3) === 0).map(name => [name, keyOf(chance, `key of ${name}`)]))
  const prefix = chance.int(2) ? `table ${chance.int(9)}` : undefined
  const isPrefixStored = chance.int(2) === 1
  const options: SealOptions = {
    cipher: chance.int(2) ? 'AES_GCM_V1' : 'AES_GCM_CTR_V1',
    footer,
    columns: own,
    allColumns: chance.int(2) === 1,
    isFooterPlain: chance.int(2) === 1,
    ...(prefix !== undefined && { aadPrefix: prefix, isPrefixStored }),
    unique: bytesOf(chance, 8),
    nonce: () => bytesOf(chance, 12),
    ...given,
  }
  const byName = Object.fromEntries(Object.entries(own).map(([name, { key }]) => [name, key]))
  const byMetadata = Object.fromEntries(Object.values(own).map(({ key, metadata }) => [metadata!, key]))
  const decryption = { footerKey: footer.key, ...(chance.int(2) ? { columnKeys: byName } : { keys: byMetadata }), ...(prefix !== undefined && (!isPrefixStored || chance.int(2)) && { aadPrefix: prefix }) }
  return { ...sealFile(plain, options), options, decryption }
}

// Rows are also read without page indexes: one that does not open may be passed over.
const isIndex = (kind: number) => kind === moduleKind.columnIndex || kind === moduleKind.offsetIndex

const outcome = (bytes: Uint8Array, decryption: ParquetDecryption): string | DataError => {
  try {
    return String(exact(readParquet(device, bytes, { decryption })))
  } catch (thrown) {
    if (thrown instanceof DataError) return thrown
    throw thrown
  }
}

describe(`encrypted Parquet, seed ${seed}`, () => {
  it.each(Array.from({ length: 24 }, (_, i) => i))('reads what the reference seals, round %i', round => {
    const chance = random(seed).fork(round)
    const nested = nestedFile(chance)
    const [plain, names] = round % 2 ? [flat, Object.keys(allTypes)] : [nested.bytes, nested.paths]
    const { bytes, decryption } = sealedBy(chance, plain, names)
    const rows = exact(readParquet(device, plain))
    expect(exact(readParquet(device, bytes, { decryption }))).toBe(rows)
    expect(exact(readParquet(device, bytes, { decryption, batchRows: 7 }))).toBe(rows)
  })
})

describe(`changed encrypted Parquet, seed ${seed}`, () => {
  const chance = random(seed).fork(77)
  const whole = { cipher: 'AES_GCM_V1', allColumns: true } as const
  const files = (['encrypted', 'plain'] as const).map(footer => ({ footer, ...sealedBy(chance, flat, ['long', 'text', 'few'], { ...whole, isFooterPlain: footer === 'plain' }) }))
  const rows = String(exact(readParquet(device, flat)))

  it.each(files)('a byte of any module, $footer footer: refused by name', ({ bytes, modules, decryption }) => {
    expect(outcome(bytes, decryption)).toBe(rows)
    for (const { kind, start, end } of modules) {
      // The length, the nonce, the ciphertext or the tag.
      const at = [start + chance.int(4), start + 4 + chance.int(12), start + 16 + chance.int(end - start - 32), end - 1 - chance.int(16)][chance.int(4)]!
      const changed = bytes.slice()
      changed[at]! ^= 1 << chance.int(8)
      const found = outcome(changed, decryption)
      if (isIndex(kind)) {
        if (typeof found === 'string') expect(found).toBe(rows)
        continue
      }
      expect(found, `module ${kind}, byte ${at}`).toBeInstanceOf(DataError)
      expect((found as DataError).message).toMatch(kind === moduleKind.footer ? /^test\.parquet.*footer/ : /^test\.parquet, row group \d, column "\w+", byte \d+: .*(page|header).*; /)
    }
  })

  it.each(files)('modules in the place of others, $footer footer: refused', ({ bytes, modules, decryption }) => {
    let exchanged = 0
    modules.forEach((a, i) => {
      const b = modules.slice(i + 1).find(other => other.end - other.start === a.end - a.start && other.key === a.key)
      if (!b) return
      const changed = bytes.slice()
      changed.set(bytes.subarray(b.start, b.end), a.start)
      changed.set(bytes.subarray(a.start, a.end), b.start)
      const found = outcome(changed, decryption)
      if (isIndex(a.kind) && isIndex(b.kind) && typeof found === 'string') expect(found).toBe(rows)
      else expect(found, `${JSON.stringify([a.kind, a.ordinals, b.kind, b.ordinals])}`).toMatchObject({ code: 'DECRYPTION' })
      exchanged++
    })
    expect(exchanged).toBeGreaterThan(20)
  })

  it.each(files)('modules of another file with the same keys and places, $footer footer: refused', ({ bytes, modules, options, decryption }) => {
    const other = sealFile(flat, { ...options, unique: bytesOf(chance, 8) })
    expect(other.modules.map(({ start }) => start)).toEqual(modules.map(({ start }) => start))
    expect(outcome(other.bytes, decryption)).toBe(rows)
    for (const { kind, start, end } of modules) {
      if (isIndex(kind)) continue
      const changed = bytes.slice()
      changed.set(other.bytes.subarray(start, end), start)
      expect(outcome(changed, decryption), `module ${kind}`).toMatchObject({ code: 'DECRYPTION' })
    }
    const end = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8
    const mixed = bytes.slice()
    mixed.set(other.bytes.subarray(-end), bytes.length - end)
    expect(outcome(mixed, decryption)).toMatchObject({ code: 'DECRYPTION' })
  })

  it('a plain footer that was changed in any byte: refused, or what its change says is refused', () => {
    const { bytes, decryption } = files[1]!
    const end = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8
    for (let round = 0; round < 300; round++) {
      const changed = bytes.slice()
      changed[bytes.length - end + chance.int(end - 8)]! ^= 1 << chance.int(8)
      expect(outcome(changed, decryption), `round ${round}`).toBeInstanceOf(DataError)
    }
  })

  it('wrong keys and prefixes: refused, each by its name', () => {
    for (const { bytes, options, decryption } of files) {
      const { footer, columns = {} } = options
      expect(outcome(bytes, { ...decryption, footerKey: bytesOf(chance, footer.key.length) })).toMatchObject({ code: 'DECRYPTION', message: expect.stringContaining('footer') })
      expect(outcome(bytes, { ...decryption, aadPrefix: 'another' })).toMatchObject({ code: options.aadPrefix !== undefined && !options.isPrefixStored ? 'DECRYPTION' : 'AAD_PREFIX' })
      for (const name of Object.keys(columns)) {
        const columnKeys = Object.fromEntries(Object.entries(columns).map(([other, { key }]) => [other, other === name ? bytesOf(chance, 16) : key]))
        expect(outcome(bytes, { ...decryption, columnKeys })).toMatchObject({ code: 'DECRYPTION', message: expect.stringContaining(`column "${name}"`) })
      }
    }
  })

  it('the reference refuses the same', () => {
    const { bytes, modules, options } = files[0]!
    const keys = { footer: options.footer.key, columns: Object.fromEntries(Object.entries(options.columns!).map(([name, { key }]) => [name, key])), ...(options.isPrefixStored === false && { aadPrefix: options.aadPrefix! }) }
    expect(String(exact(readParquet(device, openFile(bytes, keys).plain)))).toBe(rows)
    const changed = bytes.slice()
    changed[modules[0]!.end - 1]! ^= 1
    expect(() => openFile(changed, keys)).toThrow()
  })
})
