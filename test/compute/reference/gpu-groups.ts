// The plain truth of the kernels that fill a table of groups: one row after the other, sums of integers as bigint.

/** Values of a column; null is null. */
export type Values = readonly (number | bigint | null)[]

/** What a group comes to. */
export interface ReferenceGroup {
  count: number
  sum: number | bigint
  /** Sum of magnitudes: what the tolerance of a float sum is measured by. */
  magnitude: number
  min: number
  max: number
}

/** Reduces rows into `groups` groups; `place` lists a row's groups. A row with a null key or value counts nowhere. */
export function referenceGroups(keys: Values, values: Values, groups: number, isFloat: boolean, place: (key: number) => number[]): { groups: ReferenceGroup[]; outsideCount: number } {
  const found = Array.from({ length: groups }, (): ReferenceGroup => ({ count: 0, sum: isFloat ? 0 : 0n, magnitude: 0, min: 0, max: 0 }))
  let outsideCount = 0
  keys.forEach((key, row) => {
    if (key === null) return
    const into = place(Number(key)).filter(group => group >= 0 && group < groups)
    if (into.length === 0) outsideCount++
    const value = values[row]!
    if (value === null) return
    for (const at of into) {
      const group = found[at]!
      if (group.count === 0 || isLess(Number(value), group.min)) group.min = Number(value)
      if (group.count === 0 || isLess(group.max, Number(value))) group.max = Number(value)
      group.count++
      group.magnitude += Math.abs(Number(value))
      group.sum = isFloat ? (group.sum as number) + Number(value) : BigInt.asIntN(64, (group.sum as bigint) + BigInt(value))
    }
  })
  return { groups: found, outsideCount }
}

// NaN is the greatest, −0 less than 0.
function isLess(a: number, b: number): boolean {
  if (Number.isNaN(a)) return false
  if (Number.isNaN(b)) return true
  return a < b || (a === 0 && b === 0 && Object.is(a, -0) && Object.is(b, 0))
}

/** Whether a row passes a filter; null never does. */
export function passes(key: number, compare: 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne', constant: number): boolean {
  if (compare === 'lt') return key < constant
  if (compare === 'le') return key <= constant
  if (compare === 'gt') return key > constant
  if (compare === 'ge') return key >= constant
  return compare === 'eq' ? key === constant : key !== constant
}

/** The dense windows that cover a time. */
export function coveringWindows(time: number, startMs: number, sizeMs: number, hopMs: number, windows: number): number[] {
  const found: number[] = []
  for (let window = 0; window < windows; window++) {
    const start = startMs + window * hopMs
    if (time >= start && time < start + sizeMs) found.push(window)
  }
  return found
}
