import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { type Fields, parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { decodeJsonOperator, type DecodeJsonParams } from '../../src/operators/decode-json.ts'
import type { OperatorContext } from '../../src/operators/operator.ts'

const device = await createDevice()
const fields: Fields = [
  ...parseSchema({ value: 'binary?', offset: 'int64', key: 'utf8?' }, 'test'),
  { name: '$split', type: { kind: 'int32' }, nullable: false },
]
const encoder = new TextEncoder()
afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

interface Run {
  rows: Record<string, unknown>[]
  letters: Record<string, unknown>[]
  hidden: number[]
  counted: number
}

// Input batches live in an arena of their own, which is released before the rows are read: what they point at must be held.
function decode(
  params: Partial<DecodeJsonParams>,
  values: readonly (string | null)[],
  keys: readonly (string | null)[] = values.map((_, i) => `key ${i}`),
): Run {
  const all = { column: 'value', schema: { id: 'int64', name: 'utf8?' }, keep: ['offset'], ...params } as DecodeJsonParams
  const promised = decodeJsonOperator.fields([fields], all, 'read.topic.decode')
  const run: Run = { rows: [], letters: [], hidden: [], counted: 0 }
  const arena = device.arena()
  const source = device.arena()
  const context = {
    device,
    arena,
    clock: systemClock,
    instance: 0,
    parallelism: 1,
    takeOrder: () => 0n,
    stateBytesMax: Number.POSITIVE_INFINITY,
    spill: new SpillFiles(),
    where: 'read.topic.decode',
    bounded: false,
    count: (_: string, by: number) => (run.counted += by),
  } as OperatorContext
  const rows = values.map((value, i) => ({ value: value === null ? null : encoder.encode(value), offset: BigInt(100 + i), key: keys[i], $split: i }))
  const emitted: (() => void)[] = []
  try {
    decodeJsonOperator.create(context, all, [fields]).push(
      buildBatch(device, source, fields, rows, 'test'),
      {
        emit(batch, port) {
          expect(batch.arena).toBe(arena.address)
          expect(batch.fields).toEqual(port ? decodeJsonOperator.sidePorts!([fields], all)[port] : promised)
          emitted.push(() => {
            const read = rowReader(device.memory, batch)
            for (let row = 0; row < batch.rowCount; row++) (port ? run.letters : run.rows).push(read(row))
            if (!port) run.hidden.push(...device.memory.int32s(batch.columns.at(-1)!.values, batch.rowCount))
          })
        },
      },
      0,
    )
  } finally {
    source.release()
    for (const read of emitted) read()
    arena.release()
  }
  return run
}

describe('decodeJson', () => {
  it('puts the schema beside the kept and the hidden columns, in source order', () => {
    const run = decode({ keep: ['offset', 'key'] }, ['{"id":1,"name":"a name beyond twelve bytes"}', '{"name":null,"id":2}'])
    expect(run.rows).toEqual([
      { id: 1n, name: 'a name beyond twelve bytes', offset: 100n, key: 'key 0' },
      { id: 2n, name: null, offset: 101n, key: 'key 1' },
    ])
    expect(run.hidden).toEqual([0, 1])
  })

  it('leaves bad records out without touching their neighbours, and counts them', () => {
    const run = decode({ onError: 'skip' }, ['{"id":1}', '{"id":', '{"id":"2"}', '{}', null, '{"id":6}'])
    expect(run.rows).toEqual([
      { id: 1n, name: null, offset: 100n },
      { id: 6n, name: null, offset: 105n },
    ])
    expect(run.hidden).toEqual([0, 5])
    expect(run.counted).toBe(4)
    expect(run.letters).toEqual([])
  })

  it('sends bad records to the side output, with what is wrong and where', () => {
    const run = decode({ onError: 'deadLetters' }, ['{"id":1}', '{"id":true,"name":"quite a long record"}', null])
    expect(run.letters.map(l => ({ ...l, value: l.value && new TextDecoder().decode(l.value as Uint8Array) }))).toEqual([
      {
        value: '{"id":true,"name":"quite a long record"}',
        error: 'JSON_TYPE: column "id" (int64): the value is of another type, at byte 6 of the record',
        byte: 6n,
        offset: 101n,
      },
      { value: null, error: 'JSON_NO_RECORD: the record itself is null (a tombstone), at byte 0 of the record', byte: 0n, offset: 102n },
    ])
  })

  it('fails on the first bad record where nothing else is said, naming its place', () => {
    expect(() => decode({}, ['{"id":1}', '{"id":1.5}'])).toThrow(
      'read.topic.decode, offset 101: column "id" (int64): the number does not fit the type exactly, at byte 6 of the record; found "{\\"id\\":1.5}"; fix the producer or the schema, or pass onError',
    )
  })

  it('leads into objects by paths, and refuses paths that clash', () => {
    const run = decode({ schema: { price: 'int64?', type: 'int32' }, paths: { price: 'bid.price' } }, ['{"type":2,"bid":{"price":7}}', '{"type":0}'])
    expect(run.rows).toEqual([
      { price: 7n, type: 2, offset: 100n },
      { price: null, type: 0, offset: 101n },
    ])
    expect(() => decode({ schema: { a: 'int64', b: 'int64' }, paths: { b: 'a.b' } }, [])).toThrow(
      'column "b" can\'t be read from "a.b": column "a" takes the whole of "a"',
    )
    expect(() => decode({ schema: { a: 'int64' }, paths: { z: 'a' } }, [])).toThrow('a path is given for "z", which is no column')
  })

  it('decodes keys under a prefix, takes a null one for an empty object, and keeps the record’s value in dead letters', () => {
    const params: Partial<DecodeJsonParams> = {
      column: 'key',
      schema: { id: 'int64?', name: 'utf8?' },
      prefix: 'key.',
      nulls: 'empty',
      letter: 'value',
      keep: ['value', 'offset'],
      onError: 'deadLetters',
    }
    const run = decode(params, ['a', 'b', null, 'd'], ['{"id":1,"name":"a name beyond twelve bytes"}', null, '{}', '{"id":'])
    const text = (value: unknown) => value && new TextDecoder().decode(value as Uint8Array)
    expect(run.rows.map(row => ({ ...row, value: text(row.value) }))).toEqual([
      { 'key.id': 1n, 'key.name': 'a name beyond twelve bytes', value: 'a', offset: 100n },
      { 'key.id': null, 'key.name': null, value: 'b', offset: 101n },
      { 'key.id': null, 'key.name': null, value: null, offset: 102n },
    ])
    expect(run.letters).toEqual([
      {
        value: encoder.encode('d'),
        error: 'JSON_CUT_OFF: the record ends before its JSON does, at byte 6 of the record',
        byte: 6n,
        key: '{"id":',
        offset: 103n,
      },
    ])
    expect(() => decode({ ...params, schema: { id: 'int64' }, onError: 'fail' }, ['a'], [null])).toThrow('column "key.id" (int64): the key is missing')
  })

  it('refuses columns that are missing, of another type, or clash with the schema', () => {
    expect(() => decode({ column: 'valu' }, [])).toThrow('no column "valu"')
    expect(() => decode({ column: 'offset' }, [])).toThrow('column "offset" is int64; JSON is decoded from binary or utf8 columns')
    expect(() => decode({ schema: { offset: 'int64' } }, [])).toThrow('"offset" is a column of the schema and of the record\'s metadata')
  })
})
