// Parquet and Arrow files, cut and changed at random: each is read, or refused with a DataError; nothing hangs, no memory stays in use, and none of
// these small files takes much. SEED=17 replays a failure.
import { afterEach, describe, expect, it } from 'vitest'
import { DataError } from '../../src/base/errors.ts'
import { type Random, random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { allTypes, allTypesRows, readArrowRows, readParquet, writeArrow, writeParquet } from '../support/format-files.ts'

const seed = Number(process.env.SEED ?? 1)
const rounds = Number(process.env.ROUNDS ?? 400)
// One page of up to 512 MiB, and what is made of it.
const bytesMax = 1.5 * 1024 ** 3
const limits = { pageBytesMax: 64 * 1024 * 1024 }
const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const rows = allTypesRows(300)
const kinds: Record<string, { bytes: Uint8Array; read: (bytes: Uint8Array) => unknown }> = {
  ...Object.fromEntries(
    (['none', 'snappy', 'gzip'] as const).map(compression => [
      `parquet ${compression}`,
      { bytes: writeParquet(device, allTypes, rows, { compression, rowGroupRows: 200 }), read: (bytes: Uint8Array) => readParquet(device, bytes, { limits }) },
    ]),
  ),
  'arrow file': { bytes: writeArrow(device, allTypes, rows, 'file', 200), read: bytes => readArrowRows(device, bytes) },
  'arrow stream': { bytes: writeArrow(device, allTypes, rows, 'stream', 200), read: bytes => readArrowRows(device, bytes) },
}

function damaged(chance: Random, bytes: Uint8Array): Uint8Array {
  if (chance.int(5) === 0) return bytes.slice(0, chance.int(bytes.length))
  const result = bytes.slice()
  // Half of the changes go to the footer and headers, where the numbers are.
  const place = () => (chance.int(2) === 0 ? bytes.length - 1 - chance.int(Math.min(bytes.length, 1500)) : chance.int(bytes.length))
  for (let i = chance.int(4); i >= 0; i--) {
    const at = place()
    const how = chance.int(5)
    if (how === 0) result[at] = chance.int(256)
    else if (how === 1) result[at]! ^= 1 << chance.int(8)
    else if (how === 2) result.fill([0, 255, 128, 127][chance.int(4)]!, at, at + 1 + chance.int(8))
    else if (how === 3) result.copyWithin(at, place(), bytes.length - chance.int(40))
    else new DataView(result.buffer).setInt32(Math.min(at, bytes.length - 4), [-1, 2 ** 31 - 1, -(2 ** 31), 65_536][chance.int(4)]!, true)
  }
  return result
}

describe(`damaged files, seed ${seed}`, () => {
  it.each(Object.keys(kinds))('%s: read, or a DataError', kind => {
    const { bytes, read } = kinds[kind]!
    let refused = 0
    for (let round = 0; round < rounds; round++) {
      const broken = damaged(random(seed).fork(round * 31 + kind.length), bytes)
      try {
        read(broken)
      } catch (thrown) {
        refused++
        if (!(thrown instanceof DataError)) throw Object.assign(thrown as Error, { message: `round ${round}: ${String(thrown)}` })
        expect(thrown.message, `round ${round}`).toMatch(/^test\.\w+.+: .+; .+/s)
      }
      expect(device.pages.used(), `round ${round}: pages in use`).toBe(0)
    }
    expect(refused).toBeGreaterThan(rounds / 10)
    expect(device.pages.highWater() * pageBytes).toBeLessThan(bytesMax)
  })

  it.each(Object.keys(kinds))('%s, cut anywhere near its ends: a DataError', kind => {
    const { bytes, read } = kinds[kind]!
    const ends = [...Array.from({ length: 64 }, (_, i) => i), ...Array.from({ length: 64 }, (_, i) => bytes.length - 1 - i)]
    // A stream may end after a message, even without its end mark.
    for (const end of ends) {
      try {
        read(bytes.slice(0, end))
        expect(kind, `cut at ${end}`).toBe('arrow stream')
      } catch (thrown) {
        expect(thrown, `cut at ${end}`).toBeInstanceOf(DataError)
      }
    }
  })
})
