import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closeEngines, from, sink, source } from '../../src/index.ts'
import { LogisticRegression } from '../../src/ml/index.ts'
import { sampleFeatures as features, sampleRows, sampleSchema as schema } from './sample-rows.ts'

const rows = sampleRows(1000)
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))
afterAll(closeEngines)

/** The rows, 50 at a time, scored while they are learned from; `gate` may hold the source up. */
function scored(gate: (next: number) => Promise<void> | void) {
  const events = source({
    name: 'payments',
    schema,
    start: 0,
    bounded: true,
    splits: () => [{ id: '0' }],
    async *read(_split: { id: string }, position: number) {
      for (let at = position; at < rows.length; at += 50) {
        await gate(at)
        yield { rows: rows.slice(at, at + 50), position: at + 50 }
      }
    },
  })
  return new LogisticRegression({ online: 'ftrl', standardize: true }).fitStream(from(events), { features, label: 'fraud' }).score()
}

/** Rows by the epoch that wrote them; those of a commit stay. */
function ledger() {
  const staged = new Map<number, [number, number | null][]>()
  const visible: [number, number | null][] = []
  const committed = new Set<number>()
  let onWrite: (total: number) => void = () => {}
  let total = 0
  const definition = sink({
    name: 'scores',
    delivery: 'transactional',
    write(batch, { epoch }) {
      const versions = batch.column('model_version').toArray()
      const probabilities = batch.column('probability').toArray()
      staged.set(epoch, [...(staged.get(epoch) ?? []), ...versions.map((version, i): [number, number | null] => [Number(version), probabilities[i] as number | null])])
      onWrite((total += versions.length))
    },
    prepare: epoch => staged.get(epoch) ?? [],
    commit(epoch, handle) {
      if (committed.has(epoch)) return
      committed.add(epoch)
      visible.push(...(handle as [number, number | null][]))
    },
  })
  return { definition, visible, written: (count: number) => new Promise<void>(resolve => (onWrite = t => t >= count && resolve())) }
}

describe.each([0, 2])('a model that learns in a job on %i workers', workers => {
  it('goes on from its checkpoint to the bits of a run that never failed', async () => {
    const whole = (await scored(() => {}).collect()).toArray().map(r => [Number(r.model_version), r.probability])
    const { definition, visible, written } = ledger()
    let release: () => void = () => {}
    const held = new Promise<void>(resolve => (release = resolve))
    const options = { workers, name: 'scores', checkpoint: { dir, every: '1h' } } as const
    const enough = written(400)
    const run = (await scored(at => (at >= 400 ? held : undefined)).to(definition as never).start(options)) as { checkpoint(): Promise<number>; stop(options: object): Promise<void>; done: Promise<void> }
    await enough
    await run.checkpoint()
    expect(visible).toEqual(whole.slice(0, 400))
    release()
    await run.stop({ drain: false })
    await expect(run.done).rejects.toMatchObject({ code: 'CANCELLED' })
    await scored(() => {}).to(definition as never).run(options)
    expect(visible).toEqual(whole)
  })
})
