// IEEE 754 half precision: 16 bits to numbers and back. JavaScript has arrays of them only in newer engines.

/** The bits of the nearest float16, halves to even: beyond 65,504 an infinity, NaN the quiet one. */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65_520) return sign | 0x7c00
  // Below 2^-14 steps are all 2^-24; rounding up to 1,024 of them gives the least normal number.
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24)
  parts.setFloat64(0, size)
  const exponent = ((parts.getUint32(0) >>> 20) & 0x7ff) - 1023
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024))
}

/** The number that 16 bits stand for. */
export function float16Number(bits: number): number {
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  const size = exponent === 31 ? (fraction ? Number.NaN : Number.POSITIVE_INFINITY) : exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}

const parts = new DataView(new ArrayBuffer(8))

function roundEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
