// Joins by nested loops over plain rows: what every other way of joining must equal.
import type { PlainRow, Value } from '../../src/batch/read-values.ts'

export type How = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/** Equal as keys are: by value across number types, NaN with NaN, −0 with 0; null with nothing. */
export function sameKey(a: Value, b: Value): boolean {
  if (a === null || b === null) return false
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((byte, i) => byte === b[i])
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number compare by their exact values
  return a == b || (Number.isNaN(a) && Number.isNaN(b))
}

/** What to join, and by what. `keys`: pairs of names. `suffix`: for right names that the left has too. */
export interface NaiveJoin {
  readonly left: readonly PlainRow[]
  readonly right: readonly PlainRow[]
  readonly leftNames: readonly string[]
  readonly rightNames: readonly string[]
  readonly keys: readonly (readonly [string, string])[]
  readonly how: How
  readonly suffix?: string
  /** When keys are equal, where that isn't `sameKey`. */
  readonly same?: (left: Value, right: Value) => boolean
  readonly where?: (left: PlainRow, right: PlainRow) => boolean
}

/** The rows in left order, matches in right order; then right rows that nothing met. */
export function naiveJoin({ left, right, leftNames, rightNames, keys, how, suffix = '_r', same = sameKey, where = () => true }: NaiveJoin): PlainRow[] {
  const dropped = new Set(keys.map(([, name]) => name))
  const joined = (l: PlainRow | undefined, r: PlainRow | undefined): PlainRow => {
    const row: PlainRow = {}
    for (const name of leftNames) row[name] = l ? l[name]! : null
    if (!l && r) for (const [a, b] of keys) row[a] = r[b]!
    for (const name of rightNames) if (!dropped.has(name)) row[leftNames.includes(name) ? name + suffix : name] = r ? r[name]! : null
    return row
  }
  const met = new Set<PlainRow>()
  const rows: PlainRow[] = []
  for (const l of left) {
    const matches = right.filter(r => keys.every(([a, b]) => same(l[a]!, r[b]!)) && where(l, r))
    for (const r of matches) met.add(r)
    if (how === 'semi' || how === 'anti') {
      if (matches.length > 0 === (how === 'semi')) rows.push(l)
    } else if (matches.length > 0) rows.push(...matches.map(r => joined(l, r)))
    else if (how === 'left' || how === 'full') rows.push(joined(l, undefined))
  }
  if (how === 'right' || how === 'full') rows.push(...right.filter(r => !met.has(r)).map(r => joined(undefined, r)))
  return rows
}

/** Rows as text, for comparing: −0 and 0 look alike, as they do in a joined key. */
export function rowTexts(rows: readonly PlainRow[]): string[] {
  return rows.map(row =>
    JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? [...value] : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)),
  )
}
