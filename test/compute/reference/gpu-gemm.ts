// The plain truth of the matrix product, in float64, with what its tolerance is measured by.

/** C = A·B of row-major matrices, and the same product of magnitudes. */
export function referenceGemm(a: Float32Array, b: Float32Array, rows: number, columns: number, depth: number): { c: Float64Array; magnitudes: Float64Array } {
  const c = new Float64Array(rows * columns)
  const magnitudes = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < depth; k++) {
      const left = a[row * depth + k]!
      for (let column = 0; column < columns; column++) {
        const product = left * b[k * columns + column]!
        c[row * columns + column]! += product
        magnitudes[row * columns + column]! += Math.abs(product)
      }
    }
  }
  return { c, magnitudes }
}
