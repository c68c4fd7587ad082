// What a part of a job gave when its own input ended is not given again by a restart while others go on.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { closeEngines, count, from, lit, read, source, sum, write } from '../../src/index.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))
afterAll(closeEngines)

/** 0 … 59 in rows of their own, from a source that is not known to end; waits at 30 for `gate`. */
function numbers(gate: Promise<void>) {
  return from(
    source({
      name: 'numbers',
      schema: { kind: 'utf8', n: 'int64' },
      start: 0,
      splits: () => [{ id: '0' }],
      async *read(_, position) {
        for (let n = position; n < 60; n++) {
          if (n === 30) await gate
          yield { rows: [{ kind: 'number', n: BigInt(n) }], position: n + 1 }
        }
      },
    }),
  )
}

const sales = from(Array.from({ length: 500 }, (_, i) => ({ kind: `kind ${i % 7}`, price: i })), { schema: { kind: 'utf8', price: 'int32' } })
const totals = sales.groupBy('kind').agg({ n: count() })
const frames = {
  'groups of a source that has ended': totals,
  'groups without keys': sales.agg({ n: count() }).with(c => ({ kind: c.n.cast('utf8') })).select('kind', 'n'),
  'sorted rows': totals.sort('kind'),
  'groups beside a table': totals.join(sales.groupBy('kind').agg({ total: sum('price') }), { on: 'kind' }).select('kind', 'n'),
}
const texts = async (path: string) => (await read.ndjson(path, { schema: { kind: 'utf8', n: 'int64' } }).collect()).toArray().map(row => `${row.kind} ${row.n}`).sort()

test.each(Object.entries(frames))('%s are given once, over two restarts', async (_, frame) => {
  for (const workers of [0, 2]) {
    const folder = `${dir}/out-${workers}`
    const expected = [...(await frame.collect())].map(row => `${row.kind} ${row.n}`)
    const options = { name: 'parts', workers, checkpoint: { dir: `${dir}/state-${workers}`, every: '1h' } } as const
    const start = (gate: Promise<void>) => (frame as typeof totals).union(numbers(gate)).to(write.ndjson(`${folder}/`)).start(options)
    for (const life of [0, 1]) {
      const run = await start(new Promise(() => {}))
      for (let tries = 0; tries < 1 || (await texts(folder)).length < expected.length + 30; tries++) await run.savepoint(`${dir}/saved-${workers}-${life}-${tries}`)
      run.stop({ drain: false }).catch(() => {})
      await expect(run.done).rejects.toThrow()
    }
    await (await start(Promise.resolve())).done
    expect(await texts(folder)).toEqual([...expected, ...Array.from({ length: 60 }, (_, n) => `number ${n}`)].sort())
  }
})

test('a table is made again for what streams past it', async () => {
  const start = async (gate: Promise<void>) => numbers(gate).lookup(totals.rename({ n: 'sold' }).with(() => ({ kind: lit('number') })).select('kind', 'sold'), { on: 'kind' }).select('kind', 'n').to(write.ndjson(`${dir}/out/`)).start({ name: 'lookup', checkpoint: { dir: `${dir}/state`, every: '1h' } })
  const run = await start(new Promise(() => {}))
  for (let tries = 0; tries < 1 || (await texts(`${dir}/out`)).length < 7 * 30; tries++) await run.savepoint(`${dir}/saved-${tries}`)
  run.stop({ drain: false }).catch(() => {})
  await expect(run.done).rejects.toThrow()
  await (await start(Promise.resolve())).done
  expect(await texts(`${dir}/out`)).toEqual(Array.from({ length: 60 }, (_, n) => Array.from({ length: 7 }, () => `number ${n}`)).flat().sort())
})
