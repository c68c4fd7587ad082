// Made-up rows by the clock: as many as the time says, the same as without a clock, and after a restart from the next one on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { createDevice } from '../../src/device/device.ts'
import { closeEngines, type Frame, generate } from '../../src/index.ts'
import { generatedAtRateFeed } from '../../src/source/generated-at-rate.ts'
import { CommittedRows } from '../support/committed-rows.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-rate-'))
afterAll(async () => {
  await closeEngines()
  rmSync(dir, { recursive: true })
})
const makers = { id: generate.sequence(), price: generate.uniform(0, 100), name: generate.text('n%03d', generate.zipf(500)) }

describe('generate.columns with a rate', () => {
  it.each([[10, 7], [1_000, 64], [250_000, 1_000]])('gives %i rows a second in batches of %i, and no more than a second’s when it was held up', async (rate, batchRows) => {
    const device = await createDevice()
    let nowMs = 0
    const clock = { now: () => nowMs, elapsed: () => nowMs, sleep: async (ms: number) => void (nowMs += ms) }
    const columns = Object.entries({ id: generate.sequence() }).map(([name, maker]) => ({ ...maker, name }))
    const options = { rows: 2 ** 52, seed: 3, rate, endless: true, columns } as never
    const open = (position?: number) => generatedAtRateFeed.open({ device, clock, where: 'test', signal: new AbortController().signal, batchRows: () => batchRows, count: () => {} }, options, position)
    let reader = await open()
    const ids: number[] = []
    const readUntil = async (endMs: number) => {
      while (nowMs < endMs) {
        const got = (await reader.next()) as Batch | 'idle'
        if (got === 'idle') continue
        expect(got.rowCount).toBeLessThanOrEqual(batchRows)
        const read = rowReader(device.memory, got)
        for (let row = 0; row < got.rowCount; row++) ids.push(Number(read(row)['id']))
        releaseBatch(device, got)
      }
    }
    await readUntil(2_000)
    expect(Math.abs(ids.length - 2 * rate)).toBeLessThanOrEqual(rate * 0.06 + 1)
    const position = reader.position() as number
    expect(position).toBe(ids.length)
    await reader.close()
    reader = await open(position)
    nowMs += 60_000
    const before = ids.length
    await readUntil(nowMs + 1_000)
    expect(ids.length - before).toBeLessThanOrEqual(2.1 * rate + 1)
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, id) => id))
    await reader.close()
    expect(device.pages.used()).toBe(0)
  })

  it('gives the rows that there are without one, and goes on where it was', async () => {
    const expected = (await generate.columns(makers, { rows: 300, seed: 5 }).collect({ workers: 0 })).toArray()
    const rows = new CommittedRows('name')
    const { given } = rows
    const job = () => (generate.columns(makers, { rows: 300, seed: 5, rate: 1_000 }) as Frame).to(rows.sink()).start({ name: 'rate', workers: 0, checkpoint: { dir, every: 10 } })
    for (let life = 0; life < 2; life++) {
      const run = await job()
      const wanted = Math.min(300, given.length + 50)
      while (given.length < wanted) await new Promise(resolve => setTimeout(resolve, 2))
      run.done.catch(() => {})
      await run.stop({ drain: life === 1 }).catch(() => {})
    }
    await (await job()).done
    expect(given).toEqual(expected.map(({ name }) => name))
  })

  it.each([
    [{ rate: 0 }, /rate is 0; give rows per second/],
    [{ rate: Number.NaN }, /rate is NaN/],
    [{}, /rows is undefined/],
  ])('refuses %j', async (options, message) => {
    await expect((async () => generate.columns(makers, options).collect({ workers: 0 }))()).rejects.toMatchObject({ code: 'GENERATE', message: expect.stringMatching(message) })
    expect((generate.columns(makers, { rate: 5 }) as Frame).explain()).toContain('5 rows/s, without an end, seed 1: ')
  })
})
