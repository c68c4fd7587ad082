// Decimals against JavaScript's own parser, to the bit: those that round hardest, and random ones. NUMBERS=10000000 is the long run, SEED=17 another one.
import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { CsvDecoder, plainDialect } from '../../src/compute/csv.ts'
import { decodeJsonRecords, splitLines } from '../../src/compute/json.ts'
import { createDevice } from '../../src/device/device.ts'

const count = Number(process.env.NUMBERS ?? 200_000)
const seed = Number(process.env.SEED ?? 1)
const perCall = 20_000
const device = await createDevice()
const fields = parseSchema({ x: 'float64' }, 'test')
const csv = new CsvDecoder(fields, ['x'], plainDialect, 'test')
const view = new DataView(new ArrayBuffer(8))

function ofBits(bits: bigint): number {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

const word = (r: Random) => (BigInt(r.uint32()) << 32n) | BigInt(r.uint32())
const digits = (r: Random, n: number) => Array.from({ length: n }, () => r.int(10)).join('')

/** All digits of a positive finite float64, exactly. */
function exactText(value: number): string {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & ((1n << 52n) - 1n)
  const significand = biased === 0 ? fraction : fraction | (1n << 52n)
  return scaled(significand, (biased === 0 ? 1 : biased) - 1075)
}

// significand * 2^exponent as digits and a power of ten.
function scaled(significand: bigint, exponent: number): string {
  return exponent >= 0 ? `${significand << BigInt(exponent)}` : `${significand * 5n ** BigInt(-exponent)}e${exponent}`
}

/** The text half way between a float64 and the next, and its neighbours in the last digit. */
function halfWay(r: Random): string {
  const value = Math.abs(ofBits(word(r) & 0x7fffffffffffffffn))
  if (!Number.isFinite(value)) return '1e308'
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const biased = Number(bits >> 52n)
  const fraction = bits & ((1n << 52n) - 1n)
  const significand = 2n * (biased === 0 ? fraction : fraction | (1n << 52n)) + 1n
  const text = scaled(significand, (biased === 0 ? 1 : biased) - 1076)
  const [head, tail = ''] = text.split('e')
  const nudged = BigInt(head!) * 10n + BigInt(r.int(3) - 1)
  return `${nudged}e${Number(tail || 0) - 1}`
}

const makers: readonly ((r: Random) => string)[] = [
  r => String(ofBits(word(r))).replace(/NaN|-?Infinity/, '1e999'),
  r => `${r.int(10)}.${digits(r, 1 + r.int(30))}e${r.int(700) - 350}`,
  r => `${1 + r.int(9)}${digits(r, r.int(40))}.${digits(r, 1 + r.int(40))}`,
  r => `${1 + r.int(9)}${digits(r, r.int(25))}`,
  r => `0.${'0'.repeat(r.int(330))}${digits(r, 1 + r.int(20))}`,
  r => `${r.int(1000)}.${digits(r, 1 + r.int(8))}`,
  r => ofBits(word(r) & 0x3fefffffffffffffn).toPrecision(17),
  halfWay,
  r => {
    const value = ofBits(word(r) & 0x7fffffffffffffffn)
    return Number.isFinite(value) ? exactText(value) : '4.9e-324'
  },
]

/** Known to round wrongly elsewhere, and the ends of the range. */
const hard: readonly string[] = [
  '0', '0.0', '0e5', '1e22', '1e23', '9007199254740993', '9007199254740992.5', '9007199254740993.00000000000000000000000000000000001', '2.2250738585072011e-308', '2.2250738585072012e-308', '2.2250738585072014e-308',
  '4.9e-324', '2.4703282292062327208e-324', '2.4703282292062328e-324', '1.7976931348623157e308', '1.7976931348623158e308', '1.7976931348623159e308', '1.797693134862315807e308', '8.5e307', '6.631236846766476e-316',
  '3.2378839133029012895883524125015321748630094439563e-319', '1.090544144181609348835077142190', '9223372036854775807', '18446744073709551615', '18446744073709551616', '7.2057594037927933e16', '123456789012345678901234567890', '1e-400', '1e400',
  `0.${'0'.repeat(340)}1e340`, `1${'0'.repeat(340)}e-340`, `${'9'.repeat(400)}`, `0.500000000000000166533453693773481063544750213623046875`, '3.518437208883201171875e13', '62.5364939768271845828', '8.10109172351e-10', '1.50000000000000011102230246251565', '5e-324', '0.000001',
] // biome-ignore format: many in a line

function bitsOf(values: Float64Array): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset, values.length)
}

function check(texts: readonly string[]): void {
  const expected = bitsOf(Float64Array.from(texts, Number))
  const arena = device.arena()
  const place = (text: string) => {
    const bytes = new TextEncoder().encode(text)
    const address = arena.allocate(bytes.length + 1)
    device.memory.write(address, bytes)
    return [address, bytes.length] as const
  }
  const compare = (from: string, values: number) => {
    const found = bitsOf(device.memory.float64s(values, texts.length).slice())
    const wrong = found.findIndex((bits, i) => bits !== expected[i])
    if (wrong >= 0) expect.fail(`seed ${seed}: ${from} reads ${texts[wrong]} as ${ofBits(found[wrong]!)}`)
  }
  const [rows, rowBytes] = place(`${texts.join('\n')}\n`)
  const fromCsv = csv.decode(device, arena, rows, rowBytes, true, texts.length)
  expect([fromCsv.batch.rowCount, fromCsv.errors]).toEqual([texts.length, []])
  compare('CSV', fromCsv.batch.columns[0]!.values)
  const [lines, lineBytes] = place(texts.map(text => `{"x":${text}}\n`).join(''))
  const fromJson = decodeJsonRecords(device, arena, splitLines(device, arena, lines, lineBytes, true, texts.length), fields, 'test')
  expect([fromJson.batch.rowCount, fromJson.errors]).toEqual([texts.length, []])
  compare('JSON', fromJson.batch.columns[0]!.values)
  arena.release()
}

describe('numbers in text', () => {
  it('that round hardest are read to the bit as JavaScript does', () => {
    check(hard)
    check(hard.map(text => `-${text}`))
  })

  it('are read to the bit as JavaScript does, whatever is thrown at them', () => {
    const r = random(seed)
    for (let left = count; left > 0; left -= perCall) {
      const size = Math.min(perCall, left)
      check(Array.from({ length: size }, () => (r.int(4) === 0 ? '-' : '') + makers[r.int(makers.length)]!(r).replace(/^-/, '')))
    }
    expect(device.pages.used()).toBe(0)
  }, Number.POSITIVE_INFINITY)
})
