import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { GzipReader } from '../../src/format/gzip-reader.ts'

const device = await createDevice({ memoryMax: 8 << 20 })
afterEach(() => expect(device.pages.used()).toBe(0))

/** A reader of bytes that come in pieces of up to so many. */
function readerOf(packed: Uint8Array, piece = 1 << 20): GzipReader {
  let at = 0
  return new GzipReader(device, target => {
    const part = packed.subarray(at, at + Math.min(piece, target.length))
    target.set(part)
    at += part.length
    return part.length
  })
}

function unpacked(packed: Uint8Array, { piece, chunk = 100_000 }: { piece?: number; chunk?: number } = {}): Buffer {
  const reader = readerOf(packed, piece)
  try {
    const parts: Buffer[] = []
    for (let target = Buffer.alloc(chunk); ; target = Buffer.alloc(chunk)) {
      const count = reader.readInto(target)
      parts.push(target.subarray(0, count))
      if (count < chunk) return Buffer.concat(parts)
    }
  } finally {
    reader.close()
  }
}

const chance = random(3)
const lines = (count: number) => Buffer.from(Array.from({ length: count }, (_, id) => JSON.stringify({ id, at: chance.float(), name: `name ${chance.int(50)}` })).join('\n'))

describe('a reader of gzip', () => {
  it.each([0, 1, 6, 9] as const)('gives the text of what was packed at level %i, whatever the pieces', level => {
    const text = lines(60_000)
    for (const piece of [997, 65_536]) expect(unpacked(gzipSync(text, { level }), { piece, chunk: 77_777 }).equals(text)).toBe(true)
  })

  it('reads several members as one text, passes names, comments and extra fields, and zeros behind', () => {
    const [one, two] = [gzipSync('first\n'), gzipSync(lines(3_000))]
    const named = Buffer.concat([two.subarray(0, 3), Buffer.from([2 + 4 + 8 + 16]), two.subarray(4, 10), Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name\0comment\0'), Buffer.from([9, 9]), two.subarray(10)])
    const text = unpacked(Buffer.concat([one, named, gzipSync(''), one, Buffer.alloc(100_000)]), { piece: 13 })
    expect(text.subarray(0, 20).toString()).toBe('first\n{"id":0,"at":0')
    expect(text.subarray(-7).toString()).toBe('}first\n')
  })

  it('holds little, however much comes out', () => {
    const packed = gzipSync(Buffer.alloc(60 << 20))
    const reader = readerOf(packed)
    const target = Buffer.alloc(1 << 20)
    let bytes = 0
    for (let count = target.length; count === target.length; bytes += count) {
      count = reader.readInto(target)
      expect(device.pages.used()).toBeLessThan(12)
    }
    reader.close()
    expect(bytes).toBe(60 << 20)
  })

  it('refuses what is cut, whatever the place', () => {
    const packed = gzipSync(lines(200))
    for (let end = 1; end < packed.length; end += 1 + chance.int(40)) expect(() => unpacked(packed.subarray(0, end)), `cut at ${end}`).toThrow(/the packed bytes end early/)
    expect(() => unpacked(Buffer.alloc(0))).toThrow('it is empty')
  })

  it('refuses what is damaged', () => {
    const text = lines(100)
    const packed = gzipSync(text)
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(packed)
      damaged[10 + chance.int(packed.length - 10)]! ^= 1 << chance.int(8)
      expect(() => unpacked(damaged)).toThrow(RangeError)
    }
    const wrong = (at: number, byte: number) => unpacked(Buffer.from(packed.map((b, i) => (i === at ? byte : b))))
    expect(() => wrong(0, 1)).toThrow('it does not begin as gzip does')
    expect(() => wrong(2, 7)).toThrow('it is packed by method 7')
    expect(() => wrong(packed.length - 1, 9)).toThrow('its size is not that of the text')
    expect(() => wrong(packed.length - 8, packed.at(-8)! ^ 1)).toThrow('its CRC is not that of the text')
    expect(() => unpacked(Buffer.concat([packed, Buffer.from('more')]))).toThrow('the packed bytes end early')
    expect(() => unpacked(Buffer.concat([packed, Buffer.from('more than a header')]))).toThrow('it does not begin as gzip does')
    expect(() => unpacked(Buffer.concat([packed, Buffer.from('\0more')]))).toThrow('other bytes follow the packed text')
    expect(() => unpacked(Buffer.concat([packed.subarray(0, 3), Buffer.from([8]), packed.subarray(4, 10), Buffer.alloc(100_000, 'a')]))).toThrow('its header has no end')
  })
})
