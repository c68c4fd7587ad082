// Encrypted Parquet files, damaged at random: whatever was changed, moved or cut, AES-GCM gives the rows that were written or a typed error, never others. SEED=17 begins with
// another; MUTATIONS=1000000 makes so many.
import { describe, expect, it } from 'vitest'
import { DataError, DeviceError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { hideEncryption } from '../../src/format/parquet/write-encryption.ts'
import { damaged } from '../support/damaged-files.ts'
import { allTypes, allTypesRows, exact, readParquet, writeParquet } from '../support/format-files.ts'

const seed = Number(process.env.SEED ?? 1)
const mutations = Number(process.env.MUTATIONS ?? 500)
let device = await createDevice({ memoryMax: 256 << 20 })
const [footerKey, own] = [new Uint8Array(16).fill(7), new Uint8Array(32).fill(9)]

describe(`damaged encrypted files, seed ${seed}`, () => {
  it.each([[false], [true]])('plain footer %s: the rows, or a typed error', { timeout: 0 }, async plaintextFooter => {
    const encryption = hideEncryption({ footerKey, columnKeys: { [Object.keys(allTypes)[0]!]: own }, plaintextFooter, aadPrefix: 'x' })
    const bytes = writeParquet(device, allTypes, allTypesRows(90), { encryption, rowGroupRows: 40, pageRows: 10 })
    const decryption = { footerKey, columnKeys: { [Object.keys(allTypes)[0]!]: own }, aadPrefix: 'x' }
    const rows = exact(readParquet(device, bytes, { decryption }))
    let refused = 0
    for (let round = 0; round < mutations; round++) {
      const broken = damaged(random(seed).fork(round * 2 + Number(plaintextFooter)), bytes, 3000)
      try {
        expect(exact(readParquet(device, broken, { decryption, limits: { pageBytesMax: 64 << 20 } })) === rows, `round ${round}`).toBe(true)
      } catch (thrown) {
        if (!(thrown instanceof DataError || (thrown instanceof DeviceError && thrown.code === 'MEMORY_FULL'))) throw thrown
        expect(thrown.message, `round ${round}`).toMatch(/^(test\.\w+.+: .+; .+|device: )/s)
        refused++
      }
      expect(device.pages.used(), `round ${round}`).toBe(0)
      if (device.memory.wasm.buffer.byteLength > 32 << 20) device = await createDevice({ memoryMax: 256 << 20 })
    }
    expect(refused).toBeGreaterThan(mutations / 2)
  })
})
