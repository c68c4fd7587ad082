// One job run in every way that must not matter: batch sizes, threads, and so little memory that it must write to disk.
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { JobOptions } from '../../src/frame/run.ts'
import type { Table } from '../../src/frame/table.ts'

/** Batch sizes × workers, and again with next to no memory for state. */
export const ways: readonly JobOptions[] = [1, 7, 1024, 65_536].flatMap(batchRows =>
  [0, 1, 2].flatMap((workers): JobOptions[] => [
    { batchRows, workers },
    { batchRows, workers, memory: { total: '256MiB', state: '1KiB' } },
  ]),
)

/** Runs a job in every way and compares its rows. Gives the bytes that were written to disk in all. */
export async function everyWay(collect: (options: JobOptions) => Promise<Table>, rows: readonly unknown[], some: readonly JobOptions[] = ways): Promise<number> {
  let spilledBytes = 0
  for (const options of some) {
    const table = await collect(options)
    const got = table.toArray()
    expect(got.length, `rows with ${JSON.stringify(options)}`).toBe(rows.length)
    const wrong = got.findIndex((row, i) => !isDeepStrictEqual(row, rows[i]))
    expect(wrong < 0 ? undefined : got[wrong], `row ${wrong} with ${JSON.stringify(options)}`).toEqual(wrong < 0 ? undefined : rows[wrong])
    for (const step of Object.values(table.stats.steps)) spilledBytes += step.spilledBytes
  }
  return spilledBytes
}
