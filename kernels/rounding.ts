// How a number between two multiples of a unit is rounded. The modes, as src/compute/rounding.ts numbers them: halves 0 away from zero, 1 to even,
// 2 towards zero, 3 up, 4 down; and always 5 towards zero, 6 away from zero, 7 up, 8 down.

/** Whether the size grows to the next multiple: `odd` is that of the lower one, `half` below 0, 0 or above 0 as the rest is below, at or above a half. */
// @ts-ignore: decorator
@inline export function roundsUp(mode: i32, negative: bool, odd: bool, half: i32, inexact: bool): bool {
  if (!inexact) return false
  if (mode == 0) return half >= 0
  if (mode == 1) return half > 0 || (half == 0 && odd)
  if (mode == 2) return half > 0
  if (mode == 3) return half > 0 || (half == 0 && !negative)
  if (mode == 4) return half > 0 || (half == 0 && negative)
  if (mode == 5) return false
  if (mode == 6) return true
  return (mode == 7) != negative
}
