// Records broken at random against the plain decoder: accepted or refused alike, and equal values. SEED=17 replays a failure.
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { decodeJsonRecords } from '../../src/compute/json.ts'
import { createDevice } from '../../src/device/device.ts'
import { mutate, plainRow, sampleFields, sampleRecord } from '../compute/reference/json.ts'
import { rowsOf, shapes } from '../support/samples.ts'

const first = Number(process.env.SEED ?? 1)
const seeds = process.env.SEED ? [first] : Array.from({ length: Number(process.env.FUZZ_ROUNDS ?? 100) }, (_, i) => i + 1)
const device = await createDevice()

describe('JSON records broken at random', () => {
  it('are accepted and refused as JSON.parse and the schema say, with equal values', () => {
    let accepted = 0
    for (const seed of seeds) {
      const r = random(seed)
      const records = Array.from({ length: 100 }, (_, i) => mutate(r, sampleRecord(r, shapes[i % shapes.length]!), r.int(3)))
      const expected = records.map(record => plainRow(record, sampleFields))
      const arena = device.arena()
      // End to end, so that a record that is cut off finds its neighbour's bytes where its own should be.
      const address = arena.allocate(records.reduce((sum, record) => sum + record.length, 0))
      const pairs = arena.allocate(8 * records.length)
      let at = address
      records.forEach((record, i) => {
        device.memory.write(at, record)
        device.memory.uint32s(pairs + 8 * i, 2).set([at, record.length])
        at += record.length
      })
      const { batch, rowOfRecord, errors } = decodeJsonRecords(device, arena, { pairs, count: records.length }, sampleFields, 'fuzz')
      const kept = [...device.memory.uint32s(rowOfRecord, batch.rowCount)]
      const text = (record: number) => `seed ${seed}, record ${record}: ${new TextDecoder().decode(records[record])}`
      for (const error of errors) {
        if (expected[error.record]) expect.fail(`${text(error.record)}: refused, ${error.message}`)
        if (error.byte > records[error.record]!.length) expect.fail(`${text(error.record)}: byte ${error.byte}`)
      }
      rowsOf(device, batch).forEach((row, i) => {
        if (!isDeepStrictEqual(row, expected[kept[i]!])) expect(row, text(kept[i]!)).toEqual(expected[kept[i]!])
      })
      accepted += kept.length
      expect(kept.length + errors.length).toBe(records.length)
      arena.release()
    }
    // Both sides of the question are asked.
    expect(accepted).toBeGreaterThan(seeds.length * 10)
    expect(accepted).toBeLessThan(seeds.length * 90)
    expect(device.pages.used()).toBe(0)
  })
})
