// Key groups: the unit in which keyed state is stored, restored and spread over instances.

/** Version of the key hash (kernels/hash.ts). It is written into every checkpoint; a change needs a new number and both readers. */
export const keyHashVersion = 1
/** Keyed state is split into this many groups by the top bits of the key hash; it bounds the parallelism of a keyed operator. */
export const keyGroupCount = 128

/** The half-open range of key groups that instance `instance` of `parallelism` owns. */
export function keyGroupRange(instance: number, parallelism: number): { start: number; end: number } {
  return { start: Math.ceil((instance * keyGroupCount) / parallelism), end: Math.ceil(((instance + 1) * keyGroupCount) / parallelism) }
}
