import { expect, it } from 'vitest'
import type { ResolvedPlan } from '../../src/plan/resolve.ts'
import type { StageSpec } from '../../src/plan/stages.ts'
import { withSplitCounts } from '../../src/schedule/split-counts.ts'

const step = (id: string, kind: string, params: object) => ({ id, kind, params })
const plan = { edges: new Map([['late', { sources: new Set(['bids']) }]]) } as unknown as ResolvedPlan
const spec = { index: 0, steps: [step('late', 'watermark', { splitColumn: '$split', bound: 1 }), step('plain', 'watermark', { bound: 1 }), step('keep', 'filter', {})] } as unknown as StageSpec

it('tells watermarks by split how many splits their source has', () => {
  const counted = withSplitCounts(spec, plan, new Map([['bids', 3]]))
  expect(counted.steps.map(s => s.params)).toEqual([{ splitColumn: '$split', bound: 1, splitCount: 3 }, { bound: 1 }, {}])
})

it('leaves them as they are where the source does not know', () => {
  expect(withSplitCounts(spec, plan, new Map([['bids', undefined]])).steps).toEqual(spec.steps)
  expect(withSplitCounts(spec, { edges: new Map() } as unknown as ResolvedPlan, new Map()).steps).toEqual(spec.steps)
})
