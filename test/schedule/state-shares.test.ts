import { describe, expect, it } from 'vitest'
import type { StageSpec } from '../../src/plan/stages.ts'
import { stateShares } from '../../src/schedule/state-shares.ts'

const stage = (parallelism: number, steps: readonly [kind: string, params: unknown][]) =>
  ({ parallelism, steps: steps.map(([kind, params]) => ({ kind, params })) }) as unknown as StageSpec

describe('state shares', () => {
  it('go to the instances of what keeps state, by weight', () => {
    const aggregate = { keys: ['id'], aggregates: [] }
    const stages = [stage(2, [['filter', null], ['partialAggregate', aggregate]]), stage(2, [['finalAggregate', aggregate]]), stage(1, [['sort', { keys: [] }], ['limit', { count: 1 }]])]
    expect(stateShares(stages, 2500)).toEqual([[Number.POSITIVE_INFINITY, 250], [500], [1000, Number.POSITIVE_INFINITY]])
  })

  it('ask nothing of a job without state', () => {
    expect(stateShares([stage(4, [['filter', null]])], 1000)).toEqual([[Number.POSITIVE_INFINITY]])
  })
})
