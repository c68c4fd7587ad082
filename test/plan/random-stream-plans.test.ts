// Random plans over input that never ends, against a row interpreter: what holds at the end are the rows that batch gives. PLANS=1000 runs more of them, SEED=7 PLANS=1
// repeats one.
import { afterEach, describe, expect, it } from 'vitest'
import { PlanError } from '../../src/base/errors.ts'
import type { JobOptions } from '../../src/frame/run.ts'
import { closeEngines } from '../support/frames.ts'
import { groupSteps } from '../support/random-group-steps.ts'
import { orderSteps } from '../support/random-order-steps.ts'
import { overSteps } from '../support/random-over-steps.ts'
import { randomPlan, type Table } from '../support/random-plans.ts'
import { shapeSteps } from '../support/random-shape-steps.ts'
import { type Cell, keyText } from '../support/random-types.ts'

afterEach(closeEngines)

const plans = Number(process.env['PLANS'] ?? 80)
const firstSeed = Number(process.env['SEED'] ?? 1)
const ways: readonly JobOptions[] = [[1, 3], [1, 0], [7, 2], [7, 0], [1024, 3]].map(([batchRows, workers]) => ({ batchRows: batchRows!, workers: workers!, mode: 'stream' as const }))

/** The last table of the plan that runs as a stream and whose rows no order and no chance has a part in; undefined where there is none but the source. */
function streamable(seed: number): Table | undefined {
  return randomPlan(seed, [...groupSteps, ...groupSteps, ...orderSteps, ...shapeSteps, ...overSteps])
    .slice(1)
    .reverse()
    .find(table => {
      if (table.sampled !== undefined || table.text.includes('.cache()')) return false
      try {
        table.frame.explain({ mode: 'stream' })
        return true
      } catch (error) {
        if (error instanceof PlanError && /^(UNBOUNDED_|CHANGES$|CUSTOM_AGGREGATE$)/.test(error.code)) return false
        throw error
      }
    })
}

// Floats that are not exact agree to five digits: they are rounded before they are compared.
function textsOf({ columns }: Table, rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const names = Object.keys(columns)
  const near = (cell: Cell): Cell => (typeof cell === 'number' && Number.isFinite(cell) ? Number(cell.toPrecision(5)) : Array.isArray(cell) ? cell.map(near) : cell)
  return rows.map(row => names.map(name => keyText(columns[name]!.isNear ? near(row[name] as Cell) : (row[name] as Cell))).join(' | ')).sort()
}

describe('random plans over streams give the rows that a row interpreter gives', () => {
  it(`seeds ${firstSeed} to ${firstSeed + plans - 1}`, async () => {
    let changing = 0
    for (let seed = firstSeed; seed < firstSeed + plans; seed++) {
      const table = streamable(seed)
      if (!table) continue
      const explained = table.frame.explain({ mode: 'stream' })
      if (/, as rows come/.test(explained)) changing++
      const expected = textsOf(table, table.rows)
      for (const options of /, as rows come/.test(explained) ? ways : [ways[seed % ways.length]!]) {
        try {
          const got = await table.frame.collect(options)
          expect(textsOf(table, got.toArray())).toEqual(expected)
        } catch (error) {
          throw new Error(`seed ${seed}, ${JSON.stringify(options)}\n${table.text}\n${(error as Error).message}\n${explained}`)
        }
      }
    }
    expect(changing).toBeGreaterThan(plans / 10)
  }, 120_000)
})
