// The queries over a topic of JSON records that holds all events, as they give it over the generator.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeEngines, type Frame, generate, read, topic } from 'millrace'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventSchema, type House, queries, streamsOf } from '../../bench/nexmark/queries.ts'
import { naiveQueries } from '../support/naive-nexmark.ts'
import { differences, houseOf, lineOf, none, rowsOf } from '../support/nexmark-house.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'))
const options = { events: 3_000, seed: 8, rate: 100, disorder: 60 }
const events = topic('events', { dir })
const generated = houseOf(options)

beforeAll(async () => {
  for (const records of generate.nexmarkJson(options)) await events.append(records)
})
afterAll(async () => {
  await closeEngines()
  rmSync(dir, { recursive: true })
})

// q12 asks the clock.
it.each(Object.entries(queries).filter(([name]) => name !== 'q12'))('%s', async (name, query) => {
  const stream: Frame<any> = read.topic(events, { format: 'json', schema: eventSchema, until: 'end' })
  const house: House = { ...generated, ...streamsOf(stream) }
  const table = await (query(house) as Frame<any>).collect({ workers: 2 })
  expect(differences(table.toArray().map(lineOf), naiveQueries[name]!(await rowsOf(generated), 0).map(lineOf))).toEqual(none)
})

it('the frame of all events makes the same streams', async () => {
  const { events: all, persons, auctions } = generate.nexmark(options)
  const split = streamsOf(all)
  expect((await split.persons.collect()).toArray()).toEqual((await persons.collect()).toArray())
  expect((await split.auctions.collect()).toArray()).toEqual((await auctions.collect()).toArray())
})
