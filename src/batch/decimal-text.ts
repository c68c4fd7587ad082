// Decimals as text, exactly: '12.50' is 1250 hundredths. What lies in memory is that whole number.

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i
/** 10 to the powers 0 … 38. */
export const powersOfTen: readonly bigint[] = Array.from({ length: 39 }, (_, power) => 10n ** BigInt(power))

/** The number in units of 10^-scale that `text` names; undefined where it is no number or has digits beyond the scale. '1.5e3' is taken, '1,5' is not. */
export function parseDecimal(text: string, scale: number): bigint | undefined {
  const match = pattern.exec(text.trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  if (digits.length === 0 || digits.length > 1_000) return undefined
  const shift = scale - fraction.length + Number(exponent)
  const unscaled = BigInt(digits)
  const size = shift >= 0 ? (unscaled === 0n ? 0n : shift > 100 ? undefined : unscaled * 10n ** BigInt(shift)) : shrink(unscaled, -shift)
  return size === undefined ? undefined : sign === '-' ? -size : size
}

function shrink(unscaled: bigint, digits: number): bigint | undefined {
  if (unscaled === 0n) return 0n
  if (digits > 1_000) return undefined
  const unit = 10n ** BigInt(digits)
  return unscaled % unit === 0n ? unscaled / unit : undefined
}

/** The inverse of `parseDecimal`, with exactly `scale` digits behind the point. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Whether the number has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = powersOfTen[precision]!
  return unscaled < limit && unscaled > -limit
}
