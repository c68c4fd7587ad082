// A matcher by plain backtracking over arrays of rows, for tests: the preferred way first, rows before it tried again.

/** A row as tests make them; times are whole milliseconds. */
export interface TimedRow {
  readonly time: number
}

/** A pattern as a tree. */
export type Naive =
  | string
  | { readonly seq: readonly Naive[] }
  | { readonly or: readonly Naive[] }
  | { readonly of: Naive; readonly least: number; readonly most: number; readonly reluctant?: boolean }

/** What was taken so far: the row and its variable. */
export type Taken<R> = readonly { readonly variable: string; readonly row: R }[]

/** What is looked for: `define` is given what was taken before, the row, and all rows of the partition up to it. */
export interface NaiveMatch<R> {
  readonly pattern: Naive
  readonly define: Record<string, (row: R, before: Taken<R>, rows: readonly R[]) => boolean>
  readonly within?: number
  readonly skip?: 'past-last-row' | 'to-next-row' | { readonly toFirst: string } | { readonly toLast: string }
}

/** All matches in rows of one partition, which are in the order of their times. */
export function naiveMatches<R extends TimedRow>(rows: readonly R[], { pattern, define, within = Number.POSITIVE_INFINITY, skip = 'past-last-row' }: NaiveMatch<R>): Taken<R>[] {
  type Then = (at: number, taken: Taken<R>) => Taken<R> | undefined
  const walk = (part: Naive, start: number, at: number, taken: Taken<R>, then: Then): Taken<R> | undefined => {
    if (typeof part === 'string') {
      const row = rows[at]
      if (!row || row.time - rows[start]!.time >= within) return undefined
      if (define[part] && !define[part](row, taken, rows.slice(0, at))) return undefined
      return then(at + 1, [...taken, { variable: part, row }])
    }
    if ('or' in part) {
      for (const one of part.or) {
        const found = walk(one, start, at, taken, then)
        if (found) return found
      }
      return undefined
    }
    if ('seq' in part) {
      const [first, ...rest] = part.seq
      if (first === undefined) return then(at, taken)
      return walk(first, start, at, taken, (next, more) => walk({ seq: rest }, start, next, more, then))
    }
    const { of, least, most, reluctant } = part
    const again = () => (most === 0 ? undefined : walk(of, start, at, taken, (next, more) => (next === at && least <= 0 ? undefined : walk({ of, least: least - 1, most: most - 1, reluctant }, start, next, more, then))))
    if (least > 0) return again()
    return reluctant ? (then(at, taken) ?? again()) : (again() ?? then(at, taken))
  }
  const found: Taken<R>[] = []
  for (let start = 0; start < rows.length; ) {
    const taken = walk(pattern, start, start, [], (_, all) => all)
    if (!taken) {
      start++
      continue
    }
    found.push(taken)
    if (skip === 'to-next-row') start++
    else if (skip === 'past-last-row') start += taken.length
    else {
      const variable = 'toFirst' in skip ? skip.toFirst : skip.toLast
      const index = 'toFirst' in skip ? taken.findIndex(t => t.variable === variable) : taken.findLastIndex(t => t.variable === variable)
      if (index <= 0) throw new Error('skips to nowhere')
      start += index
    }
  }
  return found
}

/** The rows of a variable. */
export function rowsOf<R>(taken: Taken<R>, variable: string): R[] {
  return taken.filter(t => t.variable === variable).map(t => t.row)
}
