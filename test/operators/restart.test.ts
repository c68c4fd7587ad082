// Operators that order and choose rows go on after a restart as if nothing had been.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Json } from '../../src/base/json.ts'
import { distinctOperator } from '../../src/operators/distinct.ts'
import { fillForwardOperator } from '../../src/operators/fill-forward.ts'
import type { AnyOperatorType } from '../../src/operators/operator.ts'
import { overOperator } from '../../src/operators/over.ts'
import { resampleOperator } from '../../src/operators/resample.ts'
import { rowIndexOperator } from '../../src/operators/row-index.ts'
import { sampleOperator } from '../../src/operators/sample.ts'
import { sortOperator } from '../../src/operators/sort.ts'
import { topKOperator } from '../../src/operators/top-k.ts'
import { unionOperator } from '../../src/operators/union.ts'
import { anyOperatorHarness } from '../support/operator-harness.ts'

const schema = { id: 'int32', few: 'int32?', text: 'utf8?' }
const chance = random(2)
const rows = Array.from({ length: 300 }, (_, id) => ({ id, few: chance.int(3) === 0 ? null : chance.int(20), text: chance.int(3) === 0 ? null : `a text of some length ${chance.int(30)}` }))
const keys = [{ column: 'few', descending: true }, { column: 'text', descending: false, nulls: 'first' }]

const cases: readonly [name: string, type: AnyOperatorType, params: Json, inputs?: number][] = [
  ['sort', sortOperator, { keys }],
  ['topK', topKOperator, { count: 11, keys }],
  ['topK of groups', topKOperator, { count: 2, keys: [{ column: 'id', descending: true }], by: ['few'] }],
  ['distinct', distinctOperator, { names: ['text', 'few'] }],
  ['fillForward', fillForwardOperator, {}],
  ['rowIndex', rowIndexOperator, { name: 'n', start: 3 }],
  ['sample', sampleOperator, { seed: 4, from: 0.2, to: 0.6 }],
  ['sample with replacement', sampleOperator, { seed: 4, from: 0, to: 1.2, repeat: true }],
  ['resample', resampleOperator, { seed: 4, rows: 50 }],
  ['over', overOperator, { by: ['text'], keys, functions: [{ name: 'n', fn: 'rowNumber' }, { name: 'few', fn: 'count', input: 'few' }] }],
  ['union', unionOperator, { mode: 'hold' }, 2],
]

describe('a restart', () => {
  it.each(cases)('of %s changes nothing, with and without memory for state', async (_, type, params, inputs = 1) => {
    for (const stateBytesMax of [Number.POSITIVE_INFINITY, 1]) {
      const open = () => anyOperatorHarness(type, params, new Array(inputs).fill(schema), { stateBytesMax })
      const push = (to: Awaited<ReturnType<typeof open>>, part: typeof rows) => {
        for (let at = 0; at < part.length; at += 40) for (let port = 0; port < inputs; port++) to.push(part.slice(at, at + 40), port)
      }
      const end = (to: Awaited<ReturnType<typeof open>>) => {
        for (let port = 0; port < inputs; port++) to.finish(port)
        return to.close()
      }
      const whole = await open()
      push(whole, rows)
      const expected = end(whole)
      expect(expected.length).toBeGreaterThan(5)
      const first = await open()
      push(first, rows.slice(0, 140))
      const runs = first.snapshot()
      const before = first.close()
      const second = await open()
      second.restore(runs)
      push(second, rows.slice(140))
      expect([...before, ...end(second)]).toEqual(expected)
    }
  })
})
