// Functions of one float64 column, and rounding to decimal digits. floats.ts has more of them.

// @ts-ignore: decorator
@inline function mapF64(op: i32, a: usize, rows: i32, out: usize): void {
  const end = out + (<usize>rows << 3)
  for (; out < end; out += 16) {
    const x = v128.load(a)
    v128.store(out, op == 0 ? f64x2.neg(x) : op == 1 ? f64x2.abs(x) : op == 2 ? f64x2.floor(x) : op == 3 ? f64x2.ceil(x) : f64x2.sqrt(x))
    a += 16
  }
}

/** out = -a over float64; the sign bit flips, also of 0 and NaN. */
export function negF64(a: usize, rows: i32, out: usize): void {
  mapF64(0, a, rows, out)
}

/** out = |a| over float64. */
export function absF64(a: usize, rows: i32, out: usize): void {
  mapF64(1, a, rows, out)
}

/** out = the greatest whole number not above a. */
export function floorF64(a: usize, rows: i32, out: usize): void {
  mapF64(2, a, rows, out)
}

/** out = the least whole number not below a. */
export function ceilF64(a: usize, rows: i32, out: usize): void {
  mapF64(3, a, rows, out)
}

/** out = the square root; NaN below 0. */
export function sqrtF64(a: usize, rows: i32, out: usize): void {
  mapF64(4, a, rows, out)
}

/** out = the natural logarithm; -Infinity at 0, NaN below. */
export function lnF64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), Math.log(load<f64>(a + (row << 3))))
}

/** out = the decimal logarithm; -Infinity at 0, NaN below. */
export function log10F64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), Math.log10(load<f64>(a + (row << 3))))
}

/** out = e to the power of a. */
export function expF64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), Math.exp(load<f64>(a + (row << 3))))
}

/**
 * out = a rounded to a multiple of 1/scale (`up` 1) or of scale (`up` 0), halves away from zero. `scale` is a power of ten.
 * Values too large to have that digit, NaN and infinities stay as they are.
 */
export function roundF64(a: usize, scale: f64, up: i32, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a + (row << 3))
    const scaled = up ? x * scale : x / scale
    const size = abs<f64>(scaled)
    let r = x
    // From 2^52 on there are no halves.
    if (size < 4503599627370496.0) {
      const whole = floor<f64>(size)
      const rounded = copysign<f64>(size - whole >= 0.5 ? whole + 1.0 : whole, x)
      r = up ? rounded / scale : rounded * scale
    }
    store<f64>(out + (row << 3), r)
  }
}
