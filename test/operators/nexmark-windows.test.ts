// Nexmark's windowed queries over the suite's 50 bids, 20 persons and 40 auctions, against answers that another engine gave.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { parseSchema, type SchemaLike } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import type { WindowedAggregate } from '../../src/operators/window-output.ts'
import { hop, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { EventRun } from '../support/event-run.ts'

const folder = join(process.env.MILLRACE_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url)), 'nexmark-expected')

let device: Device
beforeAll(async () => {
  device = await createDevice()
})

function windowed(stream: string, schema: SchemaLike, keys: string[], window: WindowSpec, aggregates: WindowedAggregate[], parallelism: number): PlainRow[] {
  const fields = parseSchema({ ...schema, date_time: 'timestamp[ms]' }, 'suite')
  const rows = readFileSync(join(folder, `${stream}.ndjson`), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const run = new EventRun(
    device,
    fields,
    [
      { type: watermarkOperator, params: { time: 'date_time', boundMs: 4_000 } },
      { type: windowAggregateOperator, params: { keys, window, aggregates } },
    ],
    parallelism,
  )
  for (let start = 0; start < rows.length; start += 7)
    run.push(rows.slice(start, start + 7).map(row => ({ ...row, date_time: Date.parse(`${row.date_time.replace(' ', 'T')}Z`) })))
  run.finish()
  run.close()
  return run.rows
}

const answer = (query: string): string[] => JSON.parse(readFileSync(join(folder, `${query}.json`), 'utf8')).answers[0].rows

describe.skipIf(!existsSync(folder))('Nexmark over the suite', () => {
  test.each([1, 2, 3])('q5: the auctions with the most bids of each hopping window, %i instances', parallelism => {
    const counts = windowed('bid', { auction: 'int64' }, ['auction'], hop('date_time', '10s', { slide: '2s' }), [{ name: 'num', fn: 'count' }], parallelism)
    const most = new Map<unknown, number>()
    for (const { window_start, num } of counts) most.set(window_start, Math.max(most.get(window_start) ?? 0, Number(num)))
    const rows = counts.filter(r => Number(r.num) >= most.get(r.window_start)!).map(r => `${r.auction}\t${r.num}`)
    expect(rows.sort()).toEqual(answer('q5').toSorted())
  })

  test('q7: the highest price of each tumbling window', () => {
    const highest = windowed('bid', { price: 'int64' }, [], tumble('date_time', '10s'), [{ name: 'top', fn: 'max', input: 'price' }], 1)
    expect(highest.map(r => String(r.top)).sort()).toEqual(
      answer('q7')
        .map(row => row.split(/\s/)[1])
        .sort(),
    )
  })

  test('q8: persons who opened auctions in the window in which they came', () => {
    const persons = windowed('person', { id: 'int64', name: 'utf8' }, ['id', 'name'], tumble('date_time', '10s'), [], 2)
    const sellers = windowed('auction', { seller: 'int64' }, ['seller'], tumble('date_time', '10s'), [], 2)
    const known = new Set(sellers.map(r => `${r.seller} ${r.window_start}`))
    const rows = persons
      .filter(r => known.has(`${r.id} ${r.window_start}`))
      .map(r => `${r.id}\t${r.name}\t${new Date(r.window_start as number).toISOString().slice(0, 19).replace('T', ' ')}`)
    expect(rows.sort()).toEqual(answer('q8').toSorted())
  })
})
