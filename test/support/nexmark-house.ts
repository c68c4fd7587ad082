// An auction house for tests: the streams with q13's table beside them, their rows as arrays, and answers that can be compared.
import { from, generate } from 'millrace'
import type { House } from '../../bench/nexmark/queries.ts'
import type { Answer, Rows } from './naive-nexmark.ts'

const sideRows = Array.from({ length: 10_000 }, (_, i) => ({ key: BigInt(i), value: `value ${i}` }))

/** The generator's streams, and a table. */
export function houseOf(options: Parameters<typeof generate.nexmark>[0]): House {
  return { ...generate.nexmark(options), side: from(sideRows, { schema: { key: 'int64', value: 'utf8' } }) }
}

/** The rows of a house. */
export async function rowsOf({ persons, auctions, bids }: House): Promise<Rows> {
  const [p, a, b] = [await persons.collect(), await auctions.collect(), await bids.collect()]
  return { persons: p.toArray(), auctions: a.toArray(), bids: b.toArray(), side: sideRows }
}

/** A row as text, whatever the order of its columns. */
export function lineOf(row: Answer): string {
  const names = Object.keys(row)
  const key = names.join()
  let sorted = inOrder.get(key)
  if (!sorted) inOrder.set(key, (sorted = names.toSorted()))
  let line = ''
  for (const name of sorted) line += `${name}=${row[name]} `
  return line
}

const inOrder = new Map<string, readonly string[]>()

/** The first lines that only one side has, and how many each has: equal where both have the same rows, in any order. */
export function differences(got: readonly string[], expected: readonly string[]): { got: string[]; expected: string[] } {
  const counts = new Map<string, number>()
  for (const line of got) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const line of expected) counts.set(line, (counts.get(line) ?? 0) - 1)
  const only = (sign: number) => [...counts].filter(([, count]) => count * sign > 0).map(([line]) => line).slice(0, 3)
  return { got: only(1), expected: only(-1) }
}

/** What `differences` gives where there are none. */
export const none = { got: [], expected: [] }
