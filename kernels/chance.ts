// Draws of rows by chance: a function of the seed and the row's number, so that they don't depend on how rows come. murmur3's finisher (Appleby),
// twice so that a number's high half counts too.

// @ts-ignore: decorator
@inline function mixed(value: u32): u32 {
  let h = value ^ (value >>> 16)
  h *= 0x85ebca6b
  h ^= h >>> 13
  h *= 0xc2b2ae35
  return h ^ (h >>> 16)
}

/** A draw in [0, 1) for each of the rows first, first + 1, … */
export function drawsF64(seed: u32, first: f64, rows: i32, out: usize): void {
  const start = <u64>first
  for (let i = 0; i < rows; i++) {
    const row = start + <u64>i
    store<f64>(out + (<usize>i << 3), <f64>mixed(mixed(seed ^ <u32>(row >>> 32)) ^ <u32>row) / 4294967296.0)
  }
}

/** How often each row is taken, so that draws in [0, 1) give a Poisson distribution of this mean: a u32 each. Returns the sum. */
export function poissonCounts(draws: usize, rows: i32, mean: f64, none: f64, out: usize): i32 {
  let total = 0
  for (let i = 0; i < rows; i++) {
    const draw = load<f64>(draws + (<usize>i << 3))
    let count = 0
    let share = none
    let below = none
    while (draw >= below && count < 255) {
      count++
      share *= mean / <f64>count
      below += share
    }
    store<u32>(out + (<usize>i << 2), <u32>count)
    total += count
  }
  return total
}

/** Row i counts[i] times, one after the other. */
export function repeatRows(counts: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    for (let left = load<u32>(counts + (<usize>i << 2)); left > 0; left--) {
      store<u32>(out, <u32>i)
      out += 4
    }
  }
}
