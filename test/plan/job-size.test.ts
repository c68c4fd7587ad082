import { expect, it } from 'vitest'
import { isLarge } from '../../src/plan/job-size.ts'
import type { ResolvedPlan } from '../../src/plan/resolve.ts'

const plan = (nodes: readonly object[], bounded = true) => ({ nodes, edges: new Map(), bounded }) as unknown as ResolvedPlan
const scan = (kind: string, options: object) => ({ node: 'scan', id: 'a', kind, options })
const feed = { node: 'feed', id: 'a', kind: 'values', options: null, binding: 'a' }

it('a job is large where it reads much or for ever', () => {
  const sized = (nodes: readonly object[], bound?: unknown) => isLarge(plan(nodes), new Map([['a', bound]]))
  expect(isLarge(plan([], false), new Map())).toBe(true)
  expect(sized([scan('nexmark', { events: 1_000, kind: 'bids' })])).toBe(false)
  expect(sized([scan('nexmark', { events: 1e6, kind: 'bids' })])).toBe(true)
  expect(sized([scan('nexmark', { events: 10, kind: 'bids' }), scan('nexmark', { events: 1e6, kind: 'bids' })])).toBe(true)
  expect(sized([scan('ndjson', { files: [{ path: 'a', bytes: 1 << 20 }, { path: 'b', bytes: 1 << 20 }] })])).toBe(false)
  expect(sized([scan('ndjson', { files: [{ path: 'a', bytes: 3 << 20 }, { path: 'b', bytes: 3 << 20 }] })])).toBe(true)
  expect(sized([scan('arrow', { files: [{ path: 'a', starts: [0], batches: 1 }] })])).toBe(false)
  expect(sized([scan('arrow', { files: [{ path: 'a', starts: [0, 20], batches: 40 }] })])).toBe(true)
  expect(sized([feed], { rows: [{}, {}] })).toBe(false)
  expect(sized([feed], { columns: { a: new Int32Array(200_000) } })).toBe(true)
  expect(sized([feed], { iterable: [] })).toBe(true)
})
