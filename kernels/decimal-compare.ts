// Comparisons of decimals, of any scales and with floats, exactly. `op`, `shape` and the bits are as in compare.ts, decimals as in decimal.ts.
import { clearOverflow, high, low, orderBesideF64, overflow, scaleUp, size128 } from './wide'

// @ts-ignore: decorator
@inline function testOrder(op: i32, order: i32): bool {
  return op == 0 ? order == 0 : op == 1 ? order != 0 : op == 2 ? order < 0 : order <= 0
}

// @ts-ignore: decorator
@inline function holds(op: i32, x0: u64, x1: i64, y0: u64, y1: i64): i32 {
  const equal = i32(x0 == y0) & i32(x1 == y1)
  if (op == 0) return equal
  if (op == 1) return equal ^ 1
  const less = i32(x1 < y1) | (i32(x1 == y1) & i32(x0 < y0))
  return op == 2 ? less : less | equal
}

// Of one scale: no branch a row. `op` is a constant where this is inlined.
// @ts-ignore: decorator
@inline function compareOneScale(op: i32, a: usize, b: usize, stepA: usize, stepB: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      bits |= holds(op, load<u64>(a), load<i64>(a, 8), load<u64>(b), load<i64>(b, 8)) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

/** A bit per row: a `op` b, with `op` as in compare.ts; exact, whatever the scales. Bits past `rows` are zero. */
export function compareDecimals(op: i32, a: usize, b: usize, shape: i32, upA: i32, upB: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  if (upA == 0 && upB == 0) {
    if (op == 0) return compareOneScale(0, a, b, stepA, stepB, rows, out)
    if (op == 1) return compareOneScale(1, a, b, stepA, stepB, rows, out)
    if (op == 2) return compareOneScale(2, a, b, stepA, stepB, rows, out)
    return compareOneScale(3, a, b, stepA, stepB, rows, out)
  }
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      let x0 = load<u64>(a)
      let x1 = load<i64>(a, 8)
      let y0 = load<u64>(b)
      let y1 = load<i64>(b, 8)
      let order = 0
      clearOverflow()
      scaleUp(x0, x1, upA)
      // One that is too large for 128 bits is beyond any other.
      if (overflow) order = x1 < 0 ? -1 : 1
      x0 = low
      x1 = high
      clearOverflow()
      scaleUp(y0, y1, upB)
      if (overflow) order = y1 < 0 ? 1 : -1
      y0 = low
      y1 = high
      if (order == 0) order = x1 != y1 ? (x1 < y1 ? -1 : 1) : x0 != y0 ? (x0 < y0 ? -1 : 1) : 0
      bits |= i32(testOrder(op, order)) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

/** A bit per row: a decimal `op` a float64, exactly; `op` 4 is greater, 5 greater or equal. NaN is unequal to all. Bits past `rows` are zero. */
export function compareDecimalF64(op: i32, a: usize, b: usize, shape: i32, scale: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 8
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      const x = load<f64>(b)
      const negative = load<i64>(a, 8) < 0
      size128(load<u64>(a), load<u64>(a, 8))
      let order: i32
      if (x != x) order = 2
      else if (abs<f64>(x) >= 1e39) order = x > 0 ? -1 : 1
      else if (negative != x < 0 && (low | high) != 0 && x != 0) order = negative ? -1 : 1
      else if (x == 0) order = (low | high) == 0 ? 0 : negative ? -1 : 1
      else if ((low | high) == 0) order = x > 0 ? -1 : 1
      else order = negative ? -orderBesideF64(low, high, scale, -x) : orderBesideF64(low, high, scale, x)
      const holds = op == 0 ? order == 0 : op == 1 ? order != 0 : op == 2 ? order == -1 : op == 3 ? order <= 0 : op == 4 ? order == 1 : order == 0 || order == 1
      bits |= i32(holds) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}
