import { beforeAll, describe, expect, test } from 'vitest'
import { crc32c } from '../../src/base/crc32c.ts'
import { random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { sliceBatch } from '../../src/batch/batch.ts'
import { int64, rowCount64 } from '../../src/batch/data-type.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { columnOf, randomType, rowsOf as valuesOf, sampleTypes, sampleValues, shapes } from '../support/samples.ts'
import { decodeRun, encodeRun } from '../../src/state/run-codec.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})

const fields = parseSchema(
  { b: 'bool?', i: 'int32?', l: 'int64?', f: 'float64?', s: 'utf8?', x: 'binary?', t: 'timestamp[ms]?', u: 'timestamp[us]', n: 'utf8' },
  'test',
)

function rowsOf(count: number, seed: number): Record<string, unknown>[] {
  const r = random(seed)
  const maybe = (value: unknown) => (r.int(4) === 0 ? null : value)
  const text = () => 'é€abcdefghijklmnopqrstuvwxyz'.repeat(3).slice(0, r.int(60))
  return Array.from({ length: count }, () => ({
    b: maybe(r.int(2) === 1),
    i: maybe(r.uint32() | 0),
    l: maybe(BigInt.asIntN(64, (BigInt(r.uint32()) << 32n) | BigInt(r.uint32()))),
    f: maybe([Number.NaN, -0, Number.POSITIVE_INFINITY, r.float()][r.int(4)]),
    s: maybe(text()),
    x: maybe(Uint8Array.from({ length: r.int(30) }, () => r.int(256))),
    t: maybe(r.int(2 ** 40) - 2 ** 39),
    u: BigInt(r.int(2 ** 40)),
    n: text(),
  }))
}

const read = (batch: Parameters<typeof rowReader>[1]) => Array.from({ length: batch.rowCount }, (_, row) => rowReader(device.memory, batch)(row))

describe('a run', () => {
  test('holds every type, with nulls and extremes, at any length', () => {
    for (const count of [0, 1, 7, 8, 9, 64, 1000]) {
      const arena = device.arena()
      const batch = buildBatch(device, arena, fields, rowsOf(count, count + 1), 'test')
      const decoded = decodeRun(device, arena, encodeRun(device, batch))
      expect(decoded.fields).toEqual(batch.fields)
      expect(read(decoded)).toEqual(read(batch))
      arena.release()
    }
  })

  test('holds nested types of any depth, slices of them too', () => {
    const draw = random(31)
    for (let round = 0; round < 60; round++) {
      const types = [...(round === 0 ? sampleTypes : []), randomType(draw, 4), randomType(draw, 2)]
      const arena = device.arena()
      const batch = {
        fields: types.map((type, i) => ({ name: `c${i}`, type, nullable: true })),
        rowCount: 150,
        columns: types.map(type => columnOf(device, arena, type, sampleValues(draw, type, 150, shapes[draw.int(shapes.length)]!))),
        arena: arena.address,
      }
      for (const part of [batch, sliceBatch(batch, 64, 140), sliceBatch(batch, 64, 64)]) {
        const bytes = encodeRun(device, part)
        const decoded = decodeRun(device, arena, bytes)
        expect(decoded.fields).toEqual(batch.fields)
        expect(valuesOf(device, decoded)).toEqual(valuesOf(device, part))
        expect(encodeRun(device, decoded)).toEqual(bytes)
      }
      arena.release()
    }
  })

  test('of nested types is refused where a list or a count inside of it is wrong', () => {
    const arena = device.arena()
    const nested = parseSchema({ l: 'list<struct<a: utf8, b: list<int8>>>' }, 'test')
    const good = encodeRun(device, buildBatch(device, arena, nested, [{ l: [{ a: 'x', b: [1, 2] }] }, { l: [] }, { l: [{ a: 'more than twelve bytes', b: [3] }] }], 'test'))
    for (let at = 12; at < good.length; at++) {
      for (const flip of [1, 128, 255]) {
        const bad = good.slice()
        bad[at]! ^= flip
        new DataView(bad.buffer).setUint32(8, crc32c(bad.subarray(12)), true)
        const own = device.arena()
        try {
          const decoded = decodeRun(device, own, bad)
          valuesOf(device, decoded)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(STATE_CORRUPT|TYPE)$/) })
        }
        own.release()
      }
    }
    arena.release()
    expect(device.pages.used()).toBe(0)
  })

  test('of version 1 is read', () => {
    const arena = device.arena()
    const old = encodeRun(device, buildBatch(device, arena, fields, rowsOf(20, 3), 'test'))
    new DataView(old.buffer).setUint32(4, 1, true)
    expect(read(decodeRun(device, arena, old)).length).toBe(20)
    arena.release()
  })

  test('keeps which int64 is a count', () => {
    const arena = device.arena()
    const counts = [
      { name: 'n', type: rowCount64, nullable: false },
      { name: 'm', type: int64, nullable: true },
    ]
    const decoded = decodeRun(device, arena, encodeRun(device, buildBatch(device, arena, counts, [{ n: 3, m: 4n }], 'test')))
    expect(decoded.fields).toEqual(counts)
    expect(read(decoded)).toEqual([{ n: 3, m: 4n }])
    arena.release()
  })

  test('holds a slice, without the bytes outside it', () => {
    const arena = device.arena()
    const batch = buildBatch(device, arena, fields, rowsOf(300, 5), 'test')
    const part = sliceBatch(batch, 64, 131)
    const bytes = encodeRun(device, part)
    expect(read(decodeRun(device, arena, bytes))).toEqual(read(batch).slice(64, 131))
    expect(bytes.length).toBeLessThan(encodeRun(device, batch).length / 3)
    arena.release()
  })

  test('is the same bytes for the same rows, wherever they lie', () => {
    const arena = device.arena()
    const rows = rowsOf(100, 9)
    expect(encodeRun(device, buildBatch(device, arena, fields, rows, 'a'))).toEqual(encodeRun(device, buildBatch(device, arena, fields, rows, 'b')))
    arena.release()
  })
})

describe('a damaged run', () => {
  test('is refused at every cut and every changed byte', () => {
    const arena = device.arena()
    const bytes = encodeRun(device, buildBatch(device, arena, fields, rowsOf(9, 3), 'test'))
    for (let cut = 0; cut < bytes.length; cut++) expect(() => decodeRun(device, arena, bytes.slice(0, cut))).toThrow(/a run can't be read/)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 0x10
      expect(() => decodeRun(device, arena, changed)).toThrow(/a run can't be read/)
    }
    arena.release()
  })

  test('is refused with a checksum that was made to fit, before anything outside it is read', () => {
    const arena = device.arena()
    const bytes = encodeRun(device, buildBatch(device, arena, fields, rowsOf(40, 4), 'test'))
    const before = read(decodeRun(device, arena, bytes))
    const r = random(11)
    for (let round = 0; round < 2000; round++) {
      const changed = bytes.slice()
      const view = new DataView(changed.buffer)
      const at = 12 + 4 * r.int((bytes.length - 16) / 4)
      view.setUint32(at, [0, 1, 0x7fffffff, 0xffffffff, r.uint32()][r.int(5)]!, true)
      view.setUint32(8, crc32c(changed.subarray(12)), true)
      try {
        expect(read(decodeRun(device, arena, changed)).length).toBe(before.length)
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/STATE_CORRUPT|TYPE/)
      }
    }
    arena.release()
  })
})
