// What options by column mean for the leaves of a file being written: a column's name means all inside it, a path one leaf.
import { type Fields, noColumn } from '../../batch/schema.ts'
import type { WrittenLeaf } from './write-tree.ts'

/** What a record by columns says of a leaf: of its path, or else of its column. */
export function namedFor<T>(record: Readonly<Record<string, T>>, leaf: WrittenLeaf): T | undefined {
  return [shownPath(leaf), leaf.path[0]!].filter(name => Object.hasOwn(record, name)).map(name => record[name])[0]
}

function shownPath({ path }: WrittenLeaf): string {
  return path.join('.')
}

/** The leaves that a name means: of a column, or one by its path. Throws PlanError NO_COLUMN. */
export function leavesNamed(name: string, shown: Fields, leaves: readonly WrittenLeaf[], where: string): WrittenLeaf[] {
  const exact = leaves.filter(leaf => shownPath(leaf) === name)
  const meant = exact.length > 0 ? exact : leaves.filter(leaf => leaf.path[0] === name)
  if (meant.length === 0) throw noColumn(name, shown, where)
  return meant
}
