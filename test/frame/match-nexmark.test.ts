// The four patterns of Nexmark against a naive matcher, over batches and workers, on random rows, in which all of them are frequent.
import { afterAll, expect, it } from 'vitest'
import { queries } from '../../bench/nexmark/queries.ts'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, type Frame, from } from '../../src/index.ts'
import { naivePattern } from '../support/naive-patterns.ts'
import { differences, lineOf, none } from '../support/nexmark-house.ts'

afterAll(closeEngines)

const chance = random(5)
const drawn = Array.from({ length: 1_200 }, (_, i) => ({
  auction: BigInt(chance.int(6)),
  bidder: BigInt(chance.int(3)),
  price: BigInt(chance.int(3) === 0 ? 60 * chance.int(500) : 9_000 + chance.int(2_500)),
  dateTime: 100 * i + chance.int(400),
}))
const schema = { auction: 'int64', bidder: 'int64', price: 'int64', dateTime: 'timestamp[ms]' } as const
const ways = [{ batchRows: 1, workers: 0 }, { batchRows: 7, workers: 2 }, { batchRows: 1024, workers: 0 }, { batchRows: 1024, workers: 3 }]

it.each(['c0', 'c1', 'c2', 'c3'] as const)('%s of random bids, in a stream and in a batch', async name => {
  const expected = naivePattern(name, drawn).map(lineOf)
  expect(expected.length).toBeGreaterThan(15)
  const matches = async (bids: Frame<any>, options: object) => {
    const none = from([], { schema }).with({ id: col('auction') }) as Frame<any>
    return (await (queries[name]({ persons: none, auctions: none, bids, side: none } as never) as unknown as Frame<any>).collect(options)).toArray().map(lineOf)
  }
  expect(differences(await matches(from(drawn, { schema }), { batchRows: 999, workers: 2 }), expected)).toEqual(none)
  for (const options of ways) {
    async function* source() {
      yield* drawn
    }
    expect(differences(await matches(from(source(), { schema, bounded: false }), options), expected), JSON.stringify(options)).toEqual(none)
  }
})
