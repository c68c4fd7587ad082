// Days since 1970-01-01 and the proleptic Gregorian calendar, both ways, over all of int64. Nothing here is exported from the module.
// Method: C. Neri and L. Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022); beyond its 32 bits days are
// moved by whole cycles of 400 years.

/** The year of the last `civilOf`. */
export let civilYear: i64 = 0
/** Its month, 1–12. */
export let civilMonth: i32 = 0
/** Its day, 1–31. */
export let civilDay: i32 = 0
// Its day of a year that begins in March, from 0.
let marchDay: u32 = 0

/** Its day of the year, 1–366. */
export function civilDayOfYear(): i32 {
  return marchDay >= 306 ? <i32>marchDay - 305 : <i32>marchDay + 60 + i32(isLeap(civilYear))
}

/** x / unit towards minus infinity, unit > 0. */
// @ts-ignore: decorator
@inline export function floorDiv(x: i64, unit: i64): i64 {
  const q = x / unit
  return q - i64(q * unit > x)
}

/** As `floorDiv` with `inverse` = 1 / unit: right where the quotient is below 2^50, and faster than a division. */
// @ts-ignore: decorator
@inline export function quickDiv(x: i64, unit: i64, inverse: f64): i64 {
  const q = <i64>floor(<f64>x * inverse)
  const rest = x - q * unit
  return q + i64(rest >= unit) - i64(rest < 0)
}

/** As `floorDiv` with `inverse` = 1 / unit and unit > 1, without a division where x is below 2^52. */
// @ts-ignore: decorator
@inline export function fastDiv(x: i64, unit: i64, inverse: f64): i64 {
  return <u64>(x + (<i64>1 << 52)) < <u64>1 << 53 ? quickDiv(x, unit, inverse) : floorDiv(x, unit)
}

// @ts-ignore: decorator
@inline export function isLeap(year: i64): bool {
  return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0)
}

/** Sets the parts of a day. */
export function civilOf(days: i64): void {
  let cycles: i64 = 0
  if (days < -500000000 || days > 500000000) {
    cycles = floorDiv(days, 146097)
    days -= cycles * 146097
  }
  // 3423 cycles of 400 years before, so that nothing is below zero.
  const n = <u32>(days + 719468 + 500090031)
  const n1 = (<u64>n << 2) + 3
  // Half a unit away from whole quotients, a float's error doesn't matter, and there is no division.
  const century = <u64>((<f64>n1 + 0.5) * (1.0 / 146097.0))
  const n2 = ((<u32>(n1 - century * 146097) >> 2) << 2) + 3
  const p2 = <u64>2939745 * <u64>n2
  const yearOfCentury = <u32>(p2 >> 32)
  const dayOfYear = (<u32>p2 / 2939745) >> 2
  const n3 = 2141 * dayOfYear + 197913
  const isJanuaryOn = dayOfYear >= 306
  civilYear = <i64>century * 100 + <i64>yearOfCentury - 1369200 + i64(isJanuaryOn) + cycles * 400
  civilMonth = <i32>(n3 >> 16) - (isJanuaryOn ? 12 : 0)
  civilDay = <i32>((n3 & 0xffff) / 2141) + 1
  marchDay = dayOfYear
}

/** The days of a date; `month` 1–12, `day` any. Right while the result fits int64. */
export function daysOf(year: i64, month: i32, day: i64): i64 {
  const y = year - i64(month <= 2)
  const era = floorDiv(y, 400)
  const yearOfEra = y - era * 400
  const dayOfYear = <i64>((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5)
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719469 + day
}

/** The days of a month. */
export function daysInMonth(year: i64, month: i32): i32 {
  if (month == 2) return isLeap(year) ? 29 : 28
  return 30 + ((month + (month >> 3)) & 1)
}
