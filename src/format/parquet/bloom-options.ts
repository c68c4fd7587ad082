// Which leaves of a file being written get a Bloom filter, and how sure it is.
import { PlanError } from '../../base/errors.ts'
import type { Fields } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import { leavesNamed, namedFor } from './named-leaves.ts'
import type { WrittenLeaf } from './write-tree.ts'

/** Columns by name, or with the share of other values that their filters may let pass: between 0 and 1, 0.01 unless said. */
export type BloomFilters = readonly string[] | Readonly<Record<string, { readonly falsePositive?: number }>>

const falsePositiveDefault = 0.01

/** That share for a leaf; undefined where it gets no filter. */
export function falsePositiveOf(filters: BloomFilters | undefined, leaf: WrittenLeaf): number | undefined {
  const asked = leaf.stored.physical === 'BOOLEAN' ? undefined : namedFor(byName(filters), leaf)
  return asked && (asked.falsePositive ?? falsePositiveDefault)
}

/** Throws PlanError NO_COLUMN, BLOOM_FILTER. */
export function checkBloomFilters(filters: BloomFilters | undefined, shown: Fields, leaves: readonly WrittenLeaf[], where: string): void {
  for (const [name, { falsePositive = falsePositiveDefault }] of Object.entries(byName(filters))) {
    const meant = leavesNamed(name, shown, leaves, where)
    if (meant.every(leaf => leaf.stored.physical === 'BOOLEAN'))
      throw new PlanError('BLOOM_FILTER', `${where}, column "${name}": values of type ${typeName(meant[0]!.type)} have no Bloom filter; leave it out`)
    if (!(falsePositive > 0 && falsePositive < 1))
      throw new PlanError('BLOOM_FILTER', `${where}, column "${name}": falsePositive is ${falsePositive}; give a number between 0 and 1, such as 0.01`)
  }
}

function byName(filters: BloomFilters = []): Exclude<BloomFilters, readonly string[]> {
  return isList(filters) ? Object.fromEntries(filters.map(name => [name, {}])) : filters
}

function isList(filters: BloomFilters): filters is readonly string[] {
  return Array.isArray(filters)
}
