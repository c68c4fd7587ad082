// The ways of rounding, by their names in expressions; the kernels know them by number.

/** Halves away from zero, to the even neighbour, towards zero, up or down; or always towards zero, away from it, up or down. */
export type Rounding = 'half-away' | 'half-even' | 'half-zero' | 'half-up' | 'half-down' | 'zero' | 'away' | 'up' | 'down'

/** In the order of the kernels' numbers. */
export const roundings: readonly Rounding[] = ['half-away', 'half-even', 'half-zero', 'half-up', 'half-down', 'zero', 'away', 'up', 'down']

/** The kernels' number of a way of rounding. */
export function roundingNumber(rounding: Rounding): number {
  return roundings.indexOf(rounding)
}
