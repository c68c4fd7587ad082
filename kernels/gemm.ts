// Dense float32 matrix product by packed panels and 6 × 8 register blocks: A in blocks that stay in L2, B in strips of 8 columns that stay in
// L1. Method: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication (2008).

const blockRows: i32 = 120
const blockDepth: i32 = 256
const blockColumns: i32 = 1024

// @ts-ignore: decorator
@inline function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** The bytes of scratch that `gemmF32` needs, whatever the size of its matrices. */
export function gemmScratchBytes(): i32 {
  return 4 * (blockRows * blockDepth + blockDepth * blockColumns + 6 * 8)
}

// Rows [row, row + rows) of A, columns [0, depth) from `a`, in groups of 6 rows: 6 values a step of depth, 0 where a row is missing.
function packRows(a: usize, strideBytes: usize, rows: i32, depth: i32, out: usize): void {
  for (let row = 0; row < rows; row += 6) {
    const present = min(6, rows - row)
    const group = a + <usize>row * strideBytes
    for (let k: usize = 0; k < <usize>depth; k++) {
      let from = group + (k << 2)
      for (let r = 0; r < 6; r++) {
        store<f32>(out, r < present ? load<f32>(from) : 0)
        from += strideBytes
        out += 4
      }
    }
  }
}

// `depth` rows of B from `b`, in strips of 8 columns, 0 where a column is missing.
function packColumns(b: usize, strideBytes: usize, depth: i32, columns: i32, out: usize): void {
  for (let column = 0; column < columns; column += 8) {
    const present = min(8, columns - column)
    let from = b + (<usize>column << 2)
    for (let k = 0; k < depth; k++) {
      if (present == 8) {
        v128.store(out, v128.load(from))
        v128.store(out, v128.load(from, 16), 16)
      } else {
        v128.store(out, f32x4.splat(0))
        v128.store(out, f32x4.splat(0), 16)
        memory.copy(out, from, <usize>present << 2)
      }
      from += strideBytes
      out += 32
    }
  }
}

// @ts-ignore: decorator
@inline function put(c: usize, left: v128, right: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), left) : left)
  v128.store(c, add ? f32x4.add(v128.load(c, 16), right) : right, 16)
}

// 6 rows × 8 columns of C from a packed group of A and a packed strip of B.
function tile(depth: i32, a: usize, b: usize, c: usize, strideBytes: usize, add: bool): void {
  const zero = f32x4.splat(0)
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero
  const end = b + (<usize>depth << 5)
  while (b < end) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load32_splat(a)
    c00 = multiplyAdd(x, b0, c00)
    c01 = multiplyAdd(x, b1, c01)
    x = v128.load32_splat(a, 4)
    c10 = multiplyAdd(x, b0, c10)
    c11 = multiplyAdd(x, b1, c11)
    x = v128.load32_splat(a, 8)
    c20 = multiplyAdd(x, b0, c20)
    c21 = multiplyAdd(x, b1, c21)
    x = v128.load32_splat(a, 12)
    c30 = multiplyAdd(x, b0, c30)
    c31 = multiplyAdd(x, b1, c31)
    x = v128.load32_splat(a, 16)
    c40 = multiplyAdd(x, b0, c40)
    c41 = multiplyAdd(x, b1, c41)
    x = v128.load32_splat(a, 20)
    c50 = multiplyAdd(x, b0, c50)
    c51 = multiplyAdd(x, b1, c51)
    a += 24
    b += 32
  }
  put(c, c00, c01, add)
  c += strideBytes
  put(c, c10, c11, add)
  c += strideBytes
  put(c, c20, c21, add)
  c += strideBytes
  put(c, c30, c31, add)
  c += strideBytes
  put(c, c40, c41, add)
  c += strideBytes
  put(c, c50, c51, add)
}

// A tile at the edge of C: computed beside it, then only what lies inside is moved.
function edgeTile(depth: i32, a: usize, b: usize, c: usize, strideBytes: usize, add: bool, rows: i32, columns: i32, scratch: usize): void {
  tile(depth, a, b, scratch, 32, false)
  for (let row = 0; row < rows; row++) {
    for (let column: usize = 0; column < <usize>columns; column++) {
      const value = load<f32>(scratch + (column << 2))
      const to = c + (column << 2)
      store<f32>(to, add ? load<f32>(to) + value : value)
    }
    scratch += 32
    c += strideBytes
  }
}

/**
 * C = A·B over row-major float32 without gaps: A is rows × depth, B depth × columns. C may not overlap A, B or `scratch` (gemmScratchBytes).
 * Each value is summed in order of depth, in blocks; the relaxed binary fuses multiply and add. depth 0 gives zeros.
 */
export function gemmF32(a: usize, b: usize, c: usize, rows: i32, columns: i32, depth: i32, scratch: usize): void {
  if (depth == 0) memory.fill(c, 0, <usize>rows * <usize>columns << 2)
  const packedA = scratch
  const packedB = packedA + 4 * blockRows * blockDepth
  const edge = packedB + 4 * blockDepth * blockColumns
  const strideA = <usize>depth << 2
  const strideC = <usize>columns << 2
  for (let j0 = 0; j0 < columns; j0 += blockColumns) {
    const width = min(blockColumns, columns - j0)
    for (let k0 = 0; k0 < depth; k0 += blockDepth) {
      const deep = min(blockDepth, depth - k0)
      packColumns(b + <usize>k0 * strideC + (<usize>j0 << 2), strideC, deep, width, packedB)
      for (let i0 = 0; i0 < rows; i0 += blockRows) {
        const high = min(blockRows, rows - i0)
        packRows(a + <usize>i0 * strideA + (<usize>k0 << 2), strideA, high, deep, packedA)
        for (let j = 0; j < width; j += 8) {
          const strip = packedB + (<usize>(j * deep) << 2)
          for (let i = 0; i < high; i += 6) {
            const group = packedA + (<usize>(i * deep) << 2)
            const to = c + <usize>(i0 + i) * strideC + (<usize>(j0 + j) << 2)
            if (high - i >= 6 && width - j >= 8) tile(deep, group, strip, to, strideC, k0 > 0)
            else edgeTile(deep, group, strip, to, strideC, k0 > 0, min(6, high - i), min(8, width - j), edge)
          }
        }
      }
    }
  }
}
