// The proleptic Gregorian calendar, plainly: JavaScript's Date within one cycle of 400 years, bigints for the cycles, so that any int64 is a time.

const dayMs = 86_400_000
const cycle = 146_097n

export function floorDiv(a: bigint, b: bigint): bigint {
  return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n)
}
export function floorMod(a: bigint, b: bigint): bigint {
  return a - floorDiv(a, b) * b
}

export interface Civil {
  readonly year: bigint
  readonly month: number
  readonly day: number
  readonly dayOfYear: number
}

export function civilOf(days: bigint): Civil {
  const cycles = floorDiv(days, cycle)
  const date = new Date(Number(days - cycles * cycle) * dayMs)
  const year = date.getUTCFullYear()
  return {
    year: BigInt(year) + 400n * cycles,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    dayOfYear: (Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0, 1)) / dayMs + 1,
  }
}

export function daysOf(year: bigint, month: number, day: number): bigint {
  const cycles = floorDiv(year - 2000n, 400n)
  return BigInt(Date.UTC(Number(year - 400n * cycles), month - 1, day) / dayMs) + cycle * cycles
}

export function daysInMonth(year: bigint, month: number): number {
  return new Date(Date.UTC(Number(floorMod(year, 400n)) + 2000, month, 0)).getUTCDate()
}

/** Months later, the day cut to the last of its month. */
export function plusMonths(count: bigint, months: bigint, perDay: bigint): bigint {
  const days = floorDiv(count, perDay)
  const { year, month, day } = civilOf(days)
  const index = year * 12n + BigInt(month - 1) + months
  const [newYear, newMonth] = [floorDiv(index, 12n), Number(floorMod(index, 12n)) + 1]
  return daysOf(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth))) * perDay + (count - days * perDay)
}
