// Numbers and times between text and columns, to the bit: what the kernels number-text, number-format, time-text and utf8 do, seen through JSON.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { encodeJsonRows } from '../../src/compute/encode-text.ts'
import { checkJsonRecords, decodeJsonRecords, splitLines } from '../../src/compute/json.ts'
import { createDevice } from '../../src/device/device.ts'

const device = await createDevice()
const seed = Number(process.env.SEED ?? 1)
const encoder = new TextEncoder()

/** The texts as float64 values, and what the encoder makes of them. */
function throughJson(texts: readonly string[]): { values: Float64Array; written: string[] } {
  const arena = device.arena()
  try {
    const bytes = encoder.encode(texts.map(t => `{"x":${t}}\n`).join(''))
    const address = arena.allocate(bytes.length)
    device.memory.write(address, bytes)
    const lines = splitLines(device, arena, address, bytes.length, true, texts.length)
    const { batch, errors } = decodeJsonRecords(device, arena, lines, parseSchema({ x: 'float64' }, 'test'), 'test')
    expect(errors).toEqual([])
    const out = encodeJsonRows(device, arena, batch)
    return {
      values: device.memory.float64s(batch.columns[0]!.values, texts.length).slice(),
      written: device.memory.text(out.address, out.bytes).trimEnd().split('\n'),
    }
  } finally {
    arena.release()
  }
}

function sampleDoubles(count: number): number[] {
  const r = random(seed)
  const words = new Uint32Array(2)
  const value = new Float64Array(words.buffer)
  return Array.from({ length: count }, (_, i) => {
    do {
      words[0] = r.uint32()
      words[1] = r.uint32()
      if (i % 4 === 0) value[0] = r.int(1_000_000_000) / 10 ** r.int(12)
      // Millionths, and what lies beside them.
      if (i % 4 === 1) value[0] = (r.int(2 ** 31) * r.int(1_000_000)) / 1e6 / (i % 8 === 1 ? 1 : 1e6)
      if (i % 16 === 5) words[0]! += r.int(3) - 1
    } while (!Number.isFinite(value[0]))
    return value[0]!
  })
}

it('int64 is written as BigInt has it, at every number of digits', () => {
  const edges = Array.from({ length: 19 }, (_, digits) => 10n ** BigInt(digits)).flatMap(x => [x - 1n, x, x + 1n, 3n * x / 7n])
  const chance = random(seed)
  const numbers = [...edges, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, ...Array.from({ length: 20_000 }, () => BigInt.asIntN(64, (BigInt(chance.uint32()) << 32n) | BigInt(chance.uint32())) >> BigInt(chance.int(64)))]
  const values = [...numbers, ...numbers.map(x => -x)]
  const arena = device.arena()
  try {
    const at = arena.allocate(8 * values.length)
    device.memory.int64s(at, values.length).set(values)
    const fields = parseSchema({ x: 'int64' }, 'test')
    const { address, bytes } = encodeJsonRows(device, arena, { fields, rowCount: values.length, columns: [{ type: fields[0]!.type, length: values.length, values: at, validity: 0 }], arena: arena.address })
    expect(device.memory.text(address, bytes).trimEnd().split('\n')).toEqual(values.map(x => `{"x":${x}}`))
  } finally {
    arena.release()
  }
})

describe('float64', () => {
  it('reads every spelling as JavaScript does, and writes the shortest that reads back', () => {
    const doubles = sampleDoubles(50_000)
    const { values, written } = throughJson(doubles.map(String))
    doubles.forEach((x, i) => {
      if (!Object.is(values[i], x) && !(x === 0 && values[i] === 0)) expect.fail(`seed ${seed}: ${x} was read as ${values[i]}`)
      if (written[i] !== `{"x":${x}}`) expect.fail(`seed ${seed}: ${x} was written as ${written[i]}`)
    })
  })

  it('reads long spellings exactly, also those half-way between two doubles', () => {
    const halfway = sampleDoubles(2_000)
      .filter(x => Math.abs(x) > 1e17 && Math.abs(x) < 1e60)
      .flatMap(x => {
        const words = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer)
        words[0]! += 1n
        const middle = (BigInt(Math.abs(x)) + BigInt(new Float64Array(words.buffer)[0]!)) / 2n
        return [`${middle - 1n}`, `${middle}`, `${middle + 1n}`, `${middle}.0000000000000000000000001`]
      })
    const texts = [
      ...halfway,
      ...sampleDoubles(5_000).map((x, i) => x.toPrecision(17 + (i % 40))),
      '0',
      '-0',
      '-0.0e5',
      '5e-324',
      '2.4703282292062327e-324',
      '2.4703282292062328e-324',
      '1e400',
      '-1e400',
      '1e-400',
      '1.7976931348623157e308',
      '1.7976931348623158e308',
      '1.7976931348623159e308',
      '2.2250738585072011e-308',
      '9007199254740993',
      '9007199254740992.99999999999999999',
      `0.${'0'.repeat(400)}1`,
      `1${'0'.repeat(400)}`,
      `1${'0'.repeat(30)}e-30`,
      '123456789012345678901234567890',
      '4503599627370496.5',
      '4503599627370497.5',
      '0e999999999999',
      '1e-999999999999',
    ]
    const { values } = throughJson(texts)
    texts.forEach((text, i) => {
      if (!Object.is(values[i], Number(text))) expect.fail(`seed ${seed}: ${text} was read as ${values[i]}, it is ${Number(text)}`)
    })
  })

  it('lays out as Number.prototype.toString at its thresholds', () => {
    const texts = [
      '1e21',
      '1e20',
      '123456789012345680000',
      '0.000001',
      '1e-7',
      '1.5e-7',
      '1.2345e+25',
      '9007199254740992',
      '9007199254740994',
      '0.1',
      '100',
      '1e100',
    ].map(t => String(Number(t)))
    expect(throughJson(texts).written).toEqual(texts.map(t => `{"x":${t}}`))
  })

  it('stands on a table of powers that is what it says', () => {
    const source = readFileSync(new URL('../../kernels/powers-of-five.ts', import.meta.url), 'utf8')
    const words = [...source.matchAll(/0x([0-9a-f]{16})/g)].map(m => BigInt(m[0]))
    expect(words.length).toBe(2 * (324 + 342 + 1))
    for (let q = -342; q <= 324; q++) {
      const entry = (words[2 * (q + 342)]! << 64n) | words[2 * (q + 342) + 1]!
      const power = 5n ** BigInt(Math.abs(q))
      const bits = BigInt(power.toString(2).length)
      // For q < 0: 2^(bits + 127) / power, or a bit more where that is a power of two; the first entry in range.
      const scaled = q >= 0 ? (power << 128n) >> bits : (1n << (bits + 127n)) / power
      const exact = q >= 0 ? bits <= 128n : false
      expect(entry, `5^${q}`).toBe(!exact && q >= -27 && q < 0 ? scaled + 1n : scaled)
    }
  })
})

describe('UTF-8 in strings', () => {
  it('is checked as a fatal TextDecoder does', () => {
    const r = random(seed)
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const points = [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]
    const records = Array.from({ length: 20_000 }, () => {
      const bytes: number[] = [34]
      for (let i = r.int(30); i > 0; i--) {
        const kind = r.int(20)
        if (kind < 10) bytes.push(97 + r.int(26))
        else if (kind < 19) bytes.push(...encoder.encode(String.fromCodePoint(points[r.int(points.length)]!)))
        else bytes.push(128 + r.int(128))
      }
      return Uint8Array.from([...bytes, 34])
    })
    const expected = records.flatMap((record, i) => {
      try {
        decoder.decode(record)
        return []
      } catch {
        return [i]
      }
    })
    const arena = device.arena()
    const pairs = arena.allocate(8 * records.length)
    records.forEach((record, i) => {
      const at = arena.allocate(record.length)
      device.memory.write(at, record)
      device.memory.uint32s(pairs + 8 * i, 2).set([at, record.length])
    })
    const errors = checkJsonRecords(device, arena, { pairs, count: records.length })
    expect(errors.map(e => e.record)).toEqual(expected)
    expect(new Set(errors.map(e => e.code))).toEqual(new Set(['JSON_UTF8']))
    arena.release()
    expect(device.pages.used()).toBe(0)
  })
})
