// Operations on the bits of integers. `shape` and `kind` are as in integers.ts.

/** out = a `op` b over `bytes` bytes: 0 and, 1 or, 2 exclusive or. Any width that divides 16 will do. */
export function bitwise(op: i32, a: usize, b: usize, shape: i32, bytes: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + <usize>bytes
  for (; out < end; out += 16) {
    const x = v128.load(a)
    const y = v128.load(b)
    v128.store(out, op == 0 ? v128.and(x, y) : op == 1 ? v128.or(x, y) : v128.xor(x, y))
    a += stepA
    b += stepB
  }
}

// @ts-ignore: decorator
@inline function shift<S, U>(op: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : sizeof<U>()
  const stepB: usize = shape == 1 ? 0 : 4
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const count = load<i32>(b)
    const beyond = <u32>count >= 8 * sizeof<U>()
    if (count < 0 && bad < 0 && (active == 0 || (load<u8>(active + (row >> 3)) >> <u8>(row & 7)) & 1)) bad = row
    if (op == 1) store<S>(out, load<S>(a) >> <S>(beyond ? 8 * sizeof<U>() - 1 : count))
    else if (beyond) store<U>(out, 0)
    else store<U>(out, op == 0 ? load<U>(a) << <U>count : load<U>(a) >> <U>count)
    a += stepA
    b += stepB
    out += sizeof<U>()
  }
  return bad
}

/**
 * out = a shifted by b, an int32: 0 to the left, 1 to the right keeping the sign, 2 to the right filling with zeros. All bits may be shifted out.
 * The first active row whose count is negative, or -1.
 */
export function shiftInt(kind: i32, op: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  if (kind == 0) return shift<i8, u8>(op, a, b, shape, rows, active, out)
  if (kind == 1) return shift<i16, u16>(op, a, b, shape, rows, active, out)
  if (kind == 2) return shift<i32, u32>(op, a, b, shape, rows, active, out)
  if (kind == 3) return shift<i64, u64>(op, a, b, shape, rows, active, out)
  const right = op == 1 ? 2 : op
  if (kind == 4) return shift<i8, u8>(right, a, b, shape, rows, active, out)
  if (kind == 5) return shift<i16, u16>(right, a, b, shape, rows, active, out)
  if (kind == 6) return shift<i32, u32>(right, a, b, shape, rows, active, out)
  return shift<i64, u64>(right, a, b, shape, rows, active, out)
}
