// Random plans against a row interpreter, in every way that must not matter, compiled and not. PLANS=10000 runs more of them and tells how far it is, SEED=7 begins with another:
// SEED=7 PLANS=1 repeats one.
import { afterEach, describe, expect, it } from 'vitest'
import { sharedEngine } from '../../src/engine.ts'
import { job } from '../../src/frame/job.ts'
import type { JobOptions } from '../../src/frame/run.ts'
import { closeEngines } from '../support/frames.ts'
import { groupSteps } from '../support/random-group-steps.ts'
import { joinSteps } from '../support/random-join-steps.ts'
import { orderSteps } from '../support/random-order-steps.ts'
import { overSteps } from '../support/random-over-steps.ts'
import { randomPlan, type Table } from '../support/random-plans.ts'
import { shapeSteps } from '../support/random-shape-steps.ts'
import { type Cell, keyText } from '../support/random-types.ts'

// What cache() keeps is kept by the engines.
afterEach(closeEngines)

const plans = Number(process.env['PLANS'] ?? 100)
const firstSeed = Number(process.env['SEED'] ?? 1)
const perTest = 25
const tiny = { total: '256MiB', state: '1KiB' }
const waysBy = (fuse: 'never' | 'always'): JobOptions[] => [1, 7, 1024, 65_536].flatMap(batchRows => [1, 2, 3].flatMap(workers => [{ batchRows, workers, fuse }, { batchRows, workers, fuse, memory: tiny }]))
// Only aggregates are compiled.
const waysOf = ({ text }: Table) => (/\.(groupBy|rollup|cube|groupingSets|pivot)\(/.test(text) ? [...waysBy('never'), ...waysBy('always')] : waysBy('never'))
const more = [...orderSteps, ...groupSteps, ...joinSteps, ...shapeSteps, ...overSteps]
const started = Date.now()
let failed = 0

// Sums of floats that are not exact agree to five digits.
function isNear(a: Cell, b: Cell): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Object.is(a, b) || Math.abs(a - b) <= Math.max(1e-9, 2e-5 * Math.abs(b))
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((cell, i) => isNear(cell, b[i]!))
  return keyText(a) === keyText(b)
}

type Rows = readonly Readonly<Record<string, unknown>>[]

// Rows without an order are put in that of their exact cells.
function check(table: Table, got: Rows): void {
  const names = Object.keys(table.columns)
  if (got.length > 0) expect(Object.keys(got[0]!).sort()).toEqual([...names].sort())
  const [exact, near] = [names.filter(name => !table.columns[name]!.isNear), names.filter(name => table.columns[name]!.isNear)]
  const text = (row: Rows[number]) => [...exact, ...near].map(name => keyText(row[name] as Cell)).join(' | ')
  const told = (rows: Rows) => rows.map(row => ({ row, exact: exact.map(name => keyText(row[name] as Cell)).join(' | '), text: text(row) }))
  const [actual, expected] = [told(got), told(table.rows)]
  if (table.sampled !== undefined) return checkSampled(actual.map(row => row.text), expected.map(row => row.text), table.sampled)
  if (!table.isOrdered) for (const list of [actual, expected]) list.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  const at = expected.findIndex((want, i) => want.exact !== actual[i]?.exact || !near.every(name => isNear(actual[i]!.row[name] as Cell, want.row[name] as Cell)))
  if (actual.length === expected.length && at < 0) return
  throw new Error(`${actual.length} rows, not ${expected.length}; of ${[...exact, ...near].join(' | ')} row ${at} is\n     ${actual[at]?.text}\nnot  ${expected[at]?.text}`)
}

// So many of the rows, in their order.
function checkSampled(actual: readonly string[], expected: readonly string[], count: number): void {
  let at = 0
  for (const line of actual) at = expected.indexOf(line, at) + 1 || Number.POSITIVE_INFINITY
  expect({ rows: actual.length, inOrder: at <= expected.length }).toEqual({ rows: count, inOrder: true })
}

// Two places of one plan, as two sinks of one job.
async function runBoth(first: Table, last: Table, options: JobOptions): Promise<[Rows, Rows]> {
  const got: [Record<string, unknown>[], Record<string, unknown>[]] = [[], []]
  const into = (i: 0 | 1) => ({ sink: 'user', options: null, bound: { name: `sink${i}`, delivery: 'idempotent', write: (batch: Iterable<Record<string, unknown>>) => void got[i].push(...batch) } })
  await job({ first: first.frame.to(into(0)), last: last.frame.to(into(1)) }).run(options)
  return got
}

function drawn(seed: number): Table[] {
  try {
    return randomPlan(seed, more)
  } catch (error) {
    throw new Error(`seed ${seed} draws no plan: ${(error as Error).stack}`)
  }
}

async function runPlan(seed: number): Promise<void> {
  const tables = drawn(seed)
  const [middle, last] = [tables[tables.length >> 1]!, tables.at(-1)!]
  let sampled: string | undefined
  for (const [i, options] of waysOf(last).entries()) {
    try {
      const { pages } = (await sharedEngine(options)).device
      const before = pages.used()
      const table = await last.frame.collect(options)
      if (!last.text.includes('.cache()')) expect(pages.used() - before, 'pages that were not given back').toBe(0)
      const rows = table.toArray()
      check(last, rows)
      if (last.sampled !== undefined) expect((sampled ??= JSON.stringify(rows, (_, v) => keyText(v)))).toBe(JSON.stringify(rows, (_, v) => keyText(v)))
      if (i % 4 !== seed % 4 || tables.length < 2) continue
      const [some, all] = await runBoth(middle, last, options)
      check(middle, some)
      check(last, all)
    } catch (error) {
      throw new Error(`seed ${seed}, ${JSON.stringify(options)}\n${last.text}\n${(error as Error).message}\n${explained(last)}`)
    }
  }
}

function explained(table: Table): string {
  try {
    return table.frame.explain()
  } catch (error) {
    return `it has no plan: ${(error as Error).message}`
  }
}

describe('random plans give the rows that a row interpreter gives', () => {
  for (let first = firstSeed; first < firstSeed + plans; first += perTest) {
    const end = Math.min(first + perTest, firstSeed + plans)
    it(`seeds ${first} to ${end - 1}, over batch sizes, threads and memory caps`, { timeout: 600_000 }, async () => {
      const failures: Error[] = []
      for (let seed = first; seed < end; seed++) await runPlan(seed).catch(error => failures.push(error))
      failed += failures.length
      if (plans > 200) process.stderr.write(`${end - firstSeed} of ${plans} plans, ${failed} wrong, ${Math.round((Date.now() - started) / 1000)} s\n`)
      if (failures.length > 0) throw new Error(failures.map(f => f.message).join('\n\n'))
    })
  }
})
