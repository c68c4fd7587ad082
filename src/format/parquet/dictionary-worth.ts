// Whether a column is worth a dictionary, told from its first values.

/** Values of a chunk, where nothing else is known of it. */
const chunkValues = 131_072
/** A dictionary must take less than this share of the plain bytes: those compress better than the numbers that a dictionary has instead. */
const share = 0.6

/**
 * About how many different values there are altogether, where `seen` of them, drawn by chance and with equal chances, showed `known` different ones; Infinity
 * where all were different. Cost: 60 steps.
 */
export function estimateDistinct(known: number, seen: number): number {
  if (known >= seen) return Number.POSITIVE_INFINITY
  // Of D values, seen / D = x draws each show a share of (1 − e^−x) / x of the draws.
  const found = known / seen
  let [low, high] = [1e-9, seen]
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high)
    if (-Math.expm1(-middle) / middle > found) low = middle
    else high = middle
  }
  return Math.max(known, seen / low)
}

/** True where a dictionary of at most `countMax` values makes a chunk smaller. `bytes`: of a value, about. `last`: values of the chunk before, 0 where there was none. */
export function dictionaryPays(known: number, seen: number, bytes: number, countMax: number, last: number): boolean {
  const values = Math.max(seen, last || chunkValues)
  const distinct = Math.min(values, estimateDistinct(known, seen))
  if (distinct > countMax) return false
  const bits = Math.ceil(Math.log2(distinct + 1))
  return distinct * bytes + (values * bits) / 8 < share * values * bytes
}

/** How many values of a chunk there are to each value of its dictionary, turned round: at most 1. Arguments as those of `dictionaryPays`. */
export function dictionaryShare(known: number, seen: number, last: number): number {
  const values = Math.max(seen, last || chunkValues)
  return Math.min(1, estimateDistinct(known, seen) / values)
}
