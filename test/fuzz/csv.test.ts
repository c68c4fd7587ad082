// CSV broken at random and cut into chunks at random: the same rows and refusals as the plain reader's, and as in one chunk. SEED=17 replays a failure.
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { CsvDecoder } from '../../src/compute/csv.ts'
import { createDevice } from '../../src/device/device.ts'
import { CsvReader } from '../../src/format/csv/csv-reader.ts'
import { csvFields, dialects, plainCsv, sampleCsv } from '../compute/reference/csv.ts'
import { mutate } from '../compute/reference/json.ts'
import { rowsOf, shapes } from '../support/samples.ts'

const first = Number(process.env.SEED ?? 1)
const seeds = process.env.SEED ? [first] : Array.from({ length: Number(process.env.FUZZ_ROUNDS ?? 150) }, (_, i) => i + 1)
const device = await createDevice()

function readChunks(decoder: CsvDecoder, bytes: Uint8Array, cuts: readonly number[], rowMax: number): { rows: unknown[]; bad: [number, string][] } {
  const reader = new CsvReader(device, decoder, { where: 'fuzz', begin: 0 })
  const rows: unknown[] = []
  const bad: [number, string][] = []
  const ends = [...cuts, bytes.length]
  let start = 0
  for (let i = 0; i < ends.length || reader.carried > 0; i++) {
    const end = ends[i] ?? bytes.length
    const arena = device.arena()
    device.memory.write(reader.reserve(arena, end - start), bytes.subarray(start, end))
    const chunk = reader.take(arena, end - start, i >= ends.length - 1, rowMax)
    rows.push(...rowsOf(device, chunk.batch))
    bad.push(...chunk.errors.map((e): [number, string] => [chunk.position + e.start, e.code]))
    arena.release()
    start = end
  }
  return { rows, bad }
}

describe('CSV broken at random', () => {
  it('gives the rows of the plain reader, and the same in chunks as whole', () => {
    let accepted = 0
    let refused = 0
    for (const seed of seeds) {
      const r = random(seed)
      const dialect = dialects[r.int(dialects.length)]!
      const bytes = mutate(r, sampleCsv(r, 20, shapes[r.int(shapes.length)]!, dialect), r.int(4))
      const decoder = new CsvDecoder(
        csvFields,
        csvFields.map(f => f.name),
        dialect,
        'fuzz',
      )
      const whole = readChunks(decoder, bytes, [], 1_000)
      const cuts = Array.from({ length: r.int(5) }, () => r.int(bytes.length + 1)).sort((a, b) => a - b)
      const parts = readChunks(decoder, bytes, cuts, 1 + r.int(10))
      if (!isDeepStrictEqual(parts, whole)) expect(parts, `seed ${seed}: cut at ${cuts}`).toEqual(whole)
      accepted += whole.rows.length
      refused += whole.bad.length
      // The plain reader doesn't judge quoting and UTF-8.
      if (whole.bad.some(([, code]) => /QUOTE|UTF8/.test(code))) continue
      const expected = plainCsv(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), csvFields, dialect).filter(row => row !== undefined)
      if (!isDeepStrictEqual(whole.rows, expected)) expect(whole.rows, `seed ${seed}`).toEqual(expected)
    }
    expect(accepted).toBeGreaterThan(refused)
    expect(refused).toBeGreaterThan(seeds.length / 10)
    expect(device.pages.used()).toBe(0)
  })
})
