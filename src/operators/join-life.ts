// How long a join of streams keeps its rows, by the clock, where it doesn't keep them for good.
import { formatDuration } from '../base/units.ts'

/** Parameters: how long the rows of either side are kept; without one, for good. */
export type LifeParams = { readonly ttlMs?: { readonly left?: number; readonly right?: number } }

const sides = ['left', 'right'] as const
/** Old rows are looked for so many times in their time to live. */
const sweeps = 4

/** How long the rows of a side are kept; undefined: for good. */
export function lifeOf({ ttlMs }: LifeParams, port: number): number | undefined {
  return ttlMs?.[sides[port]!]
}

/** `both sides stored for 1h`, for `explain()`. */
export function describeLife({ ttlMs = {} }: LifeParams): string {
  const { left, right } = ttlMs
  if (left === right) return left === undefined ? 'both sides stored' : `both sides stored for ${formatDuration(left)}`
  return `both sides stored, ${[left === undefined ? '' : `the left one for ${formatDuration(left)}`, right === undefined ? '' : `the right one for ${formatDuration(right)}`].filter(Boolean).join(', ')}`
}

/** When old rows are to be looked for. */
export class Sweeps {
  readonly #everyMs: number
  #last = Number.NEGATIVE_INFINITY
  constructor({ ttlMs = {} }: LifeParams) {
    this.#everyMs = Math.min(ttlMs.left ?? Number.POSITIVE_INFINITY, ttlMs.right ?? Number.POSITIVE_INFINITY) / sweeps
  }
  /** True every so often. */
  isDue(now: number): boolean {
    if (now < this.#last + this.#everyMs || this.#everyMs === Number.POSITIVE_INFINITY) return false
    this.#last = now
    return true
  }
}
