// Files of every format, cut and changed at random: each is read, or refused with a typed error, twice over memory with other bytes in it and with the same outcome;
// nothing hangs, and no memory stays in use. SEED=17 begins with another; MUTATIONS=1000000 makes so many of each format, and tells how far it is; ROUND=5000 begins there.
import { afterEach, describe, expect, it } from 'vitest'
import { DataError, DeviceError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { damaged, type FileKind, fileKinds, poison } from '../support/damaged-files.ts'
import { hangWatch } from '../support/hang-watch.ts'

const seed = Number(process.env.SEED ?? 1)
const asked = process.env.MUTATIONS
const mutations = Number(asked ?? 400)
const firstRound = Number(process.env.ROUND ?? 0)
const memoryMax = 256 << 20
/** What a file may take; generous where the machine has other work. */
const fileMs = asked ? 2_000 : 20_000
/** A memory that has grown beyond this is left for a fresh one: filling it would be most of the work. */
const bytesKept = 32 << 20
const kinds = await fileKinds(90)
let device = await createDevice({ memoryMax })
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const isTyped = (thrown: unknown) => thrown instanceof DataError || (thrown instanceof DeviceError && thrown.code === 'MEMORY_FULL')

// The rows as text, or the error's.
function outcome(device: Device, { read }: FileKind, bytes: Uint8Array, round: number): { text: string; refused: boolean } {
  try {
    return { text: read(device, bytes), refused: false }
  } catch (thrown) {
    if (!isTyped(thrown)) throw Object.assign(thrown as Error, { message: `round ${round}: ${String(thrown)}` })
    return { text: (thrown as Error).message, refused: true }
  }
}

describe(`damaged files, seed ${seed}`, () => {
  it.each(Object.keys(kinds))('%s: read, or refused with a typed error', { timeout: 0 }, async name => {
    const kind = kinds[name]!
    const watch = hangWatch(`${name}, SEED=${seed}`, fileMs)
    let refused = 0
    for (let round = firstRound; round < mutations; round++) {
      watch.at(round)
      const broken = damaged(random(seed).fork(round * 31 + name.length), kind.bytes, kind.footerBytes)
      poison(device, 0xa5)
      const first = outcome(device, kind, broken, round)
      expect(device.pages.used(), `round ${round}: pages in use`).toBe(0)
      poison(device, 0x5a)
      const again = outcome(device, kind, broken, round)
      if (first.text !== again.text) expect(again.text, `round ${round}: other bytes in memory`).toBe(first.text)
      if (first.refused) refused++
      if (first.refused && kind.footerBytes > 0) expect(first.text, `round ${round}`).toMatch(/^(test\.\w+.+: .+; .+|device: )/s)
      if (device.memory.wasm.buffer.byteLength > bytesKept) device = await createDevice({ memoryMax })
      if (asked && (round + 1) % 10_000 === 0) process.stderr.write(`${name}: ${round + 1} of ${mutations}, ${refused} refused\n`)
    }
    await watch.end()
    // Text has no footer: what is broken in it is told record by record.
    expect(refused).toBeGreaterThanOrEqual(kind.footerBytes > 0 ? (mutations - firstRound) / 10 : 0)
  })

  it.each(Object.keys(kinds).filter(name => kinds[name]!.footerBytes > 0))('%s, cut anywhere near its ends: a DataError', name => {
    const { bytes, read } = kinds[name]!
    const ends = [...Array.from({ length: 64 }, (_, i) => i), ...Array.from({ length: 64 }, (_, i) => bytes.length - 1 - i)]
    // A stream may end after a message, even without its end mark.
    for (const end of ends) {
      try {
        read(device, bytes.slice(0, end))
        expect(name, `cut at ${end}`).toBe('arrow stream')
      } catch (thrown) {
        expect(thrown, `cut at ${end}`).toBeInstanceOf(DataError)
      }
    }
  })
})
