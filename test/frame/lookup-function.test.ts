// Rows looked up by a function: keys of rows that wait together in one call, answers kept, errors asked again. Facts of Apache Flink's lookup joins, by name.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, from } from '../../src/index.ts'
import { KeyLoader } from '../../src/frame/lookup-function.ts'

afterAll(closeEngines)

const people = from([{ id: 1, name: 'Bob' }, { id: 3, name: 'Tony' }, { id: 4, name: 'Mary' }, { id: null, name: 'Nobody' }, { id: 1, name: 'Bobby' }], { schema: { id: 'int32?', name: 'utf8' } })
const known: Record<number, object[]> = { 1: [{ who: 'Julian', age: 5 }], 3: [{ who: 'Jark', age: 7 }, { who: 'Jackson', age: null }] }
const schema = { who: 'utf8', age: 'int32?' } as const
const answer = async (keys: readonly number[]) => keys.map(key => known[key] as never)

describe('lookup by a function', () => {
  it('inner and left, as in AsyncLookupJoinHarnessTest: several rows, one, or none; null keys are not asked for', async () => {
    const asked: (readonly number[])[] = []
    const fn = (keys: readonly number[]) => {
      asked.push(keys)
      return answer(keys)
    }
    for (const [batchRows, workers, mode] of [[1024, 0, 'batch'], [1, 2, 'stream']] as const) {
      const inner = await people.lookup(fn, { left: 'id', schema }).collect({ batchRows, workers, mode })
      expect(inner.toArray()).toEqual([{ id: 1, name: 'Bob', who: 'Julian', age: 5 }, { id: 3, name: 'Tony', who: 'Jark', age: 7 }, { id: 3, name: 'Tony', who: 'Jackson', age: null }, { id: 1, name: 'Bobby', who: 'Julian', age: 5 }])
    }
    const left = await people.lookup(fn, { left: 'id', schema, how: 'left' }).collect()
    expect(left.toArray().map(row => `${row.name} ${row.who}`)).toEqual(['Bob Julian', 'Tony Jark', 'Tony Jackson', 'Mary null', 'Nobody null', 'Bobby Julian'])
    expect(asked[0]).toEqual([1, 3, 4])
    expect(asked.flat()).not.toContain(null)
  })

  it('takes several keys, and answers that are rows or null', async () => {
    const rows = await people.dropNull('id').lookup(async keys => keys.map(([id, name]) => (id === 3 ? null : { label: `${name}/${id}` })), { left: ['id', 'name'], schema: { label: 'utf8' } }).collect()
    expect(rows.toArray().map(row => row.label)).toEqual(['Bob/1', 'Mary/4', 'Bobby/1'])
  })

  it('asks again where a call fails, then fails the job', async () => {
    let calls = 0
    const flaky = (keys: readonly number[]) => {
      if (++calls < 3) throw new Error('the service is away')
      return answer(keys)
    }
    const rows = await people.lookup(flaky, { left: 'id', schema, retries: 2, backoff: 1 }).collect()
    expect(rows.numRows).toBe(4)
    await expect(people.lookup(async () => [], { left: 'id', schema }).collect()).rejects.toThrow(/the function gave 0 answers for 3 keys; give one for each/)
    await expect(people.lookup(async keys => keys.map(() => ({ who: 5 })) as never, { left: 'id', schema }).collect()).rejects.toMatchObject({ name: 'DataError' })
  })

  it('asks anew where an answer takes too long, and waits no more for the one under way', async () => {
    let calls = 0
    const slow = (keys: readonly number[]) => (++calls === 1 ? new Promise<never>(() => {}) : answer(keys))
    const rows = await people.lookup(slow, { left: 'id', schema, timeout: '30ms', retries: 1, backoff: 1 }).collect()
    expect(rows.numRows).toBe(4)
    expect(calls).toBeGreaterThan(1)
  })

  it('says what it needs', () => {
    const lookup = (options: object) => () => people.lookup(answer, options as never)
    for (const [options, code] of [[{ schema }, 'JOIN_KEYS'], [{ left: 'id' }, 'LOOKUP'], [{ left: 'id', schema, how: 'full' }, 'JOIN_HOW'], [{ left: 'id', schema, cash: 1 }, 'OPTION'], [{ left: 'id', schema, batch: 0 }, 'LOOKUP'], [{ left: 'id', schema, cache: { rows: 5, ttl: 'soon' } }, 'DURATION']] as const)
      expect(lookup(options)).toThrow(expect.objectContaining({ code }))
  })
})

describe('keys on their way', () => {
  const load = async (loader: KeyLoader, keys: readonly unknown[]) => Promise.all(keys.map(async key => (await loader.load(key)).length))
  const counting = (options: { batch: number; cache?: { rows: number; ttlMs: number } }, now = () => 0) => {
    const asked: string[] = []
    return { asked, loader: new KeyLoader(keys => (asked.push(keys.join()), keys.map(key => (key === 'none' ? null : { key }))), options, now) }
  }

  it('go together, each once, so many at a time', async () => {
    const { asked, loader } = counting({ batch: 3 })
    expect(await load(loader, ['a', 'b', 'a', 'c', 'd', 'none'])).toEqual([1, 1, 1, 1, 1, 0])
    expect(asked).toEqual(['a,b,c', 'd,none'])
    await load(loader, ['a'])
    expect(asked.length).toBe(3)
  })

  it('are kept, the least recently used go first, for so long; that there is none is kept, too', async () => {
    let time = 0
    const { asked, loader } = counting({ batch: 9, cache: { rows: 2, ttlMs: 100 } }, () => time)
    await load(loader, ['a'])
    await load(loader, ['none'])
    expect(await load(loader, ['a', 'none'])).toEqual([1, 0])
    await load(loader, ['a'])
    await load(loader, ['b'])
    await load(loader, ['a'])
    expect(asked).toEqual(['a', 'none', 'b'])
    await load(loader, ['none'])
    time = 100
    await load(loader, ['none'])
    time = 150
    await load(loader, ['none'])
    expect(asked.slice(3)).toEqual(['none', 'none'])
  })

  it('of different types are different, and errors are not kept', async () => {
    const { asked, loader } = counting({ batch: 9 })
    await load(loader, [1, '1', 1n, ['1', '2'], ['1,2'], new Uint8Array([1])])
    expect(asked.length).toBe(1)
    let fails = true
    const failing = new KeyLoader(keys => { if (fails) throw new Error('away'); return keys.map(() => ({})) }, { batch: 9, cache: { rows: 9, ttlMs: 100 } })
    await expect(failing.load('a')).rejects.toThrow('away')
    fails = false
    expect((await failing.load('a')).length).toBe(1)
  })
})
