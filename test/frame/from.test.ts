import { afterAll, describe, expect, it } from 'vitest'
import { fromData, sink, source } from '../../src/frame/from.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const schemaOf = async (data: unknown) => (await fromData(data).collect()).schema

describe('types of what is handed in', () => {
  it('follow from values in rows; a missing one is null', async () => {
    const rows = [{ n: 1, big: 1n, text: 'a', ok: true, at: new Date(0), bytes: Uint8Array.of(1) }, { n: null, big: 2n, text: 'b', ok: false, at: new Date(1), more: 0.5 }]
    expect(await schemaOf(rows)).toEqual({ n: 'float64?', big: 'int64', text: 'utf8', ok: 'bool', at: 'timestamp[ms]', bytes: 'binary?', more: 'float64?' })
    expect((await fromData(rows).collect()).toArray()[1]).toEqual({ n: null, big: 2n, text: 'b', ok: false, at: 1, bytes: null, more: 0.5 })
  })

  it('follow from the arrays of columns', async () => {
    const columns = {
      a: Float64Array.of(1), b: Float32Array.of(1), c: Int32Array.of(1), d: BigInt64Array.of(1n), e: Uint8Array.of(1), f: ['x'], g: [null, 1].slice(1),
      h: Int8Array.of(-1), i: Int16Array.of(-1), j: Uint16Array.of(1), k: Uint32Array.of(2 ** 31), l: BigUint64Array.of(2n ** 63n), m: Uint8ClampedArray.of(300),
    } // biome-ignore format: a column a word
    expect(await schemaOf(columns)).toEqual({
      a: 'float64', b: 'float32', c: 'int32', d: 'int64', e: 'uint8', f: 'utf8', g: 'float64', h: 'int8', i: 'int16', j: 'uint16', k: 'uint32', l: 'uint64', m: 'uint8',
    }) // biome-ignore format: a column a word
    expect((await fromData(columns).collect()).toArray()).toEqual([{ a: 1, b: 1, c: 1, d: 1n, e: 1, f: 'x', g: 1, h: -1, i: -1, j: 1, k: 2 ** 31, l: 2n ** 63n, m: 255 }])
  })

  it('follow from lists, structs and maps at any depth', async () => {
    const rows = [
      { tags: ['a', 'b'], at: { x: 1, y: null }, m: new Map([['k', 1n]]), v: new Float32Array([1]), b: [new Uint8Array(1)], none: [] },
      { tags: [], at: { x: 2, z: { deep: [true, null] } }, m: new Map(), v: new Float32Array(0), b: null, none: [null] },
    ]
    expect(await schemaOf(rows)).toEqual({
      tags: 'list<utf8>', at: 'struct<x: float64, y: null?, z: struct<deep: list<bool?>>?>', m: 'map<utf8, int64>', v: 'list<float32>', b: 'list<binary>?', none: 'list<null?>',
    }) // biome-ignore format: a column a word
    expect((await fromData(rows).collect()).toArray()[1]).toEqual({ tags: [], at: { x: 2, y: null, z: { deep: [true, null] } }, m: new Map(), v: [], b: null, none: [null] })
    await expect(fromData([{ a: [1] }, { a: ['x'] }]).collect()).rejects.toMatchObject({ code: 'VALUE_TYPE', message: expect.stringContaining('row 1, column "a[0]": "x" is no float64') })
  })

  it('are those of a table that a run has given', async () => {
    const table = await fromData([{ a: 1n, b: null }], { schema: { a: 'int64', b: 'utf8?' } }).collect()
    const again = await fromData(table).collect()
    expect([again.schema, again.toArray()]).toEqual([table.schema, table.toArray()])
  })
})

describe('iterables', () => {
  it('may be of rows or of arrays of rows, and must say their schema', async () => {
    function* mixed() {
      yield { a: 1 }
      yield [{ a: 2 }, { a: 3 }]
    }
    expect((await fromData(mixed(), { schema: { a: 'int32' } }).collect()).column('a').toArray()).toEqual([1, 2, 3])
    expect(() => fromData(mixed())).toThrow(expect.objectContaining({ code: 'FROM', message: expect.stringContaining('needs a schema') }))
  })

  it('that are async are taken to be endless unless they say otherwise', async () => {
    async function* numbers() {
      yield { a: 2 }
      yield { a: 1 }
    }
    await expect(fromData(numbers(), { schema: { a: 'int32' } }).sort('a').collect()).rejects.toMatchObject({ code: 'UNBOUNDED_SORT' })
    const sorted = await fromData(numbers(), { schema: { a: 'int32' }, bounded: true }).sort('a').collect()
    expect(sorted.column('a').toArray()).toEqual([1, 2])
  })

  it('that give no rows fail by name', async () => {
    await expect(fromData([[1]][Symbol.iterator](), { schema: { a: 'int32' } }).collect()).rejects.toMatchObject({ code: 'VALUE_TYPE' })
  })
})

describe('what can’t be a frame', () => {
  it.each([
    ['a number', 1, 'FROM'],
    ['nothing', undefined, 'FROM'],
    ['null', null, 'FROM'],
    ['rows without columns', [], 'FROM'],
    ['a column of nulls', [{ a: null }], 'FROM'],
  ])('%s', (_, data, code) => {
    expect(() => fromData(data)).toThrow(expect.objectContaining({ code }))
  })

  it('columns of two lengths', async () => {
    await expect(fromData({ a: [1], b: [1, 2] }).collect()).rejects.toMatchObject({ code: 'COLUMN_LENGTH' })
  })

  it('a type that is none', () => {
    expect(() => fromData([], { schema: { a: 'int46' } })).toThrow(expect.objectContaining({ code: 'TYPE' }))
  })

  it('values that don’t fit, by row and column', async () => {
    await expect(fromData([{ a: 1 }, { a: 'x' }], { schema: { a: 'int32' } }).collect()).rejects.toMatchObject({ code: 'VALUE_TYPE', message: expect.stringContaining('row 1, column "a"') })
    await expect(fromData([{ a: null }], { schema: { a: 'int32' } }).collect()).rejects.toMatchObject({ message: expect.stringContaining("'int32?'") })
    expect(await pagesInUse(0)).toBe(0)
  })
})

describe('connectors of one’s own', () => {
  it('read from where they start and write to where they want', async () => {
    const dice = source({
      name: 'dice',
      schema: { face: 'int32' },
      start: { rolled: 0 },
      bounded: true,
      splits: () => [{ id: 'a' }, { id: 'b' }],
      async *read(split, position) {
        for (let n = position.rolled; n < 3; n++) yield { rows: [{ face: n + (split.id === 'b' ? 10 : 0) }], position: { rolled: n + 1 } }
      },
    })
    const got: number[] = []
    const seen: unknown[] = []
    const list = sink({
      name: 'list',
      delivery: 'idempotent',
      open: at => void seen.push(at.job),
      write: (batch, { epoch }) => void got.push(epoch, ...(batch.column('face').toArray() as number[])),
      close: failed => void seen.push(failed),
    })
    await fromData(dice).to(list).run({ name: 'dicing' })
    expect(got.filter(n => n !== 1).sort((a, b) => a - b)).toEqual([0, 2, 10, 11, 12])
    expect(seen).toEqual(['dicing', false])
  })

  it('are described by their names', () => {
    const nothing = source({ name: 'nothing', schema: { a: 'int32' }, start: 0, splits: () => [], async *read() {} })
    expect(fromData(nothing).explain()).toContain('source "nothing"')
  })
})
