// Random plans against a row interpreter, in every way that must not matter. PLANS=10000 runs more of them, SEED=7 begins with another.
import { afterAll, describe, expect, it } from 'vitest'
import type { JobOptions } from '../../src/frame/run.ts'
import { closeEngines } from '../support/frames.ts'
import { orderSteps } from '../support/random-order-steps.ts'
import { keyText, randomPlan, type Table } from '../support/random-plans.ts'
import type { Cell, Row } from '../support/random-expressions.ts'

afterAll(closeEngines)

const plans = Number(process.env['PLANS'] ?? 200)
const firstSeed = Number(process.env['SEED'] ?? 1)
const perTest = 25
const tiny = { total: '256MiB', state: '1KiB' }
const ways: readonly JobOptions[] = [1, 7, 1024, 65_536].flatMap(batchRows => [1, 2, 3].flatMap(workers => [{ batchRows, workers }, { batchRows, workers, memory: tiny }]))

const text = (row: Readonly<Record<string, unknown>>, names: readonly string[]) => names.map(name => keyText(row[name] as Cell)).join(' | ')

function check(seed: number, table: Table, got: readonly Record<string, unknown>[], options: JobOptions): void {
  const names = Object.keys(table.rows[0] ?? got[0] ?? {})
  const [actual, expected] = [got.map(row => text(row, names)), table.rows.map((row: Row) => text(row, names))]
  if (!table.isOrdered) for (const list of [actual, expected]) list.sort()
  const context = () => `seed ${seed} with ${JSON.stringify(options)}\n${table.text}\n${table.frame.explain()}`
  if (actual.length !== expected.length || actual.some((line, i) => line !== expected[i])) expect(actual, context()).toEqual(expected)
}

describe('random plans give the rows that a row interpreter gives', () => {
  for (let first = firstSeed; first < firstSeed + plans; first += perTest) {
    it(`seeds ${first} to ${first + perTest - 1}, over batch sizes, threads and memory caps`, { timeout: 300_000 }, async () => {
      for (let seed = first; seed < first + perTest; seed++) {
        const table = randomPlan(seed, orderSteps)
        for (const options of ways) {
          const result = await table.frame.collect(options).catch((error: Error) => {
            throw new Error(`seed ${seed}, ${JSON.stringify(options)}: ${error.message}\n${table.text}`, { cause: error })
          })
          check(seed, table, result.toArray(), options)
        }
      }
    })
  }
})
