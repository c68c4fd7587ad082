// One job run in every way that must not matter: batch sizes, threads, and so little memory that it must write to disk.
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { JobOptions } from '../../src/frame/run.ts'
import type { Table } from '../../src/frame/table.ts'

const shortOfMemory = { total: '256MiB', state: '1KiB' } as const

/** Batch sizes × workers × memory, the expensive ones in part. */
export const ways: readonly JobOptions[] = [
  { batchRows: 1, workers: 2 },
  { batchRows: 7, workers: 2, memory: shortOfMemory },
  { batchRows: 7, workers: 0 },
  { batchRows: 65_536, workers: 2 },
  { batchRows: 1024, workers: 1 },
  { batchRows: 1024, workers: 0, memory: shortOfMemory },
  { batchRows: 1, workers: 0, memory: shortOfMemory },
  { batchRows: 7, workers: 1, memory: shortOfMemory },
  { batchRows: 1024, workers: 2, memory: shortOfMemory },
  { batchRows: 7, workers: 2 },
  { batchRows: 65_536, workers: 0 },
]
/** Some of them. */
export const someWays = ways.slice(1, 5)

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
