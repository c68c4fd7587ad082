// Mean and spread of a float64 column, by two passes over a slice that is in cache.

/** out = [values, mean, sum of squared deviations from it] over the rows that are neither null (`validity` 0: none is) nor NaN; zeros where there are none. */
export function momentsF64(values: usize, validity: usize, rows: i32, out: usize): void {
  let count: f64 = 0
  let sum: f64 = 0
  for (let row = 0; row < rows; row++) {
    const x = load<f64>(values + (<usize>row << 3))
    const counts = x == x && (validity == 0 || ((load<u8>(validity + (row >> 3)) >> <u8>(row & 7)) & 1) == 1)
    sum += counts ? x : 0
    count += counts ? 1 : 0
  }
  const mean = count > 0 ? sum / count : 0
  let squares: f64 = 0
  let rest: f64 = 0
  for (let row = 0; row < rows; row++) {
    const x = load<f64>(values + (<usize>row << 3))
    const counts = x == x && (validity == 0 || ((load<u8>(validity + (row >> 3)) >> <u8>(row & 7)) & 1) == 1)
    const distance = counts ? x - mean : 0
    squares += distance * distance
    rest += distance
  }
  // What rounding left over of the mean is taken off (Chan, Golub and LeVeque's corrected two-pass algorithm).
  store<f64>(out, count)
  store<f64>(out, count > 0 ? mean + rest / count : 0, 8)
  store<f64>(out, count > 0 ? squares - (rest * rest) / count : 0, 16)
}
