import { expect, it } from 'vitest'
import { keyHashVersion } from '../../src/base/hash.ts'
import type { StagePlan } from '../../src/plan/stages.ts'
import { checkCompatible } from '../../src/schedule/compatible.ts'
import type { Checkpoint } from '../../src/storage/checkpoint-store.ts'

const plan = { feeds: [{ node: { id: 'bids' } }], stages: [{ scan: { id: 'names' }, steps: [{ id: 'first', kind: 'distinct' }] }], sinks: [] } as unknown as StagePlan
const run = { file: 'a.run' }
const check = (manifest: object) => () => checkCompatible('job', plan, { path: 'saved', manifest: { keyHashVersion, sources: { bids: 1, names: 2 }, operators: {}, ...manifest } } as unknown as Checkpoint)

it('takes state and positions that have their places, and steps without state that are gone', () => {
  check({ operators: { first: { kind: 'distinct', runs: [run] }, gone: { kind: 'join', runs: [] } } })()
  check({ sources: {} })()
})

it('names what has no place', () => {
  const refusal = (what: string) => expect.objectContaining({ code: 'STATE_INCOMPATIBLE', message: expect.stringContaining(what) })
  expect(check({ operators: { second: { kind: 'distinct', runs: [run] } } })).toThrow(refusal('state of distinct "second", and the job has no such step'))
  expect(check({ operators: { first: { kind: 'join', runs: [run] } } })).toThrow(refusal('state of join "first", and the job has distinct there'))
  expect(check({ sources: { asks: 1 } })).toThrow(refusal('a position of "asks"'))
  expect(check({ keyHashVersion: 0 })).toThrow(refusal('hashed by version 0'))
})
