import { describe, expect, it } from 'vitest'
import { secret } from '../../src/base/secret.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { read } from '../../src/frame/read.ts'
import { topic } from '../../src/frame/topic.ts'
import { sideSink, write } from '../../src/frame/write.ts'

const nodesOf = (frame: unknown) => buildPlan([(frame as FrameValue).edge.node]).plan.nodes
const schema = { a: 'int64', b: 'utf8' } as const

describe('readers are plain data', () => {
  it('of files: a path is a list, and a schema is a step that checks', () => {
    expect(nodesOf(read.csv('a.csv', { delimiter: ';', onError: 'skip' }))).toEqual([
      { node: 'scan', id: 'read.csv', kind: 'csv', options: { paths: ['a.csv'], delimiter: ';', onError: 'skip' } },
    ])
    expect(nodesOf(read.parquet(['a', 'b'], { schema }))).toEqual([
      { node: 'scan', id: 'read.parquet', kind: 'parquet', options: { paths: ['a', 'b'], types: schema } },
      { node: 'operator', id: 'as', kind: 'as', params: { schema }, inputs: [{ node: 'read.parquet' }] },
    ])
    expect(nodesOf(read.arrow('a', { partitions: false }))).toEqual([{ node: 'scan', id: 'read.arrow', kind: 'arrow', options: { paths: ['a'], partitions: false } }])
  })

  it('of JSON: paths into nested objects, and dead letters with a sink of their own', () => {
    expect(nodesOf(read.ndjson('a', { schema, paths: { a: 'x.a' }, onError: { deadLetters: write.ndjson('bad/') } }))).toEqual([
      { node: 'scan', id: 'read.ndjson', kind: 'ndjson', options: { paths: ['a'], schema, columnPaths: { a: 'x.a' }, onError: 'deadLetters' } },
      { node: 'operator', id: 'read.ndjson-deadLetters.text', kind: 'with', params: expect.anything(), inputs: [{ node: 'read.ndjson', port: 'deadLetters' }] },
      { node: 'sink', id: 'read.ndjson-deadLetters', kind: 'ndjson', options: { path: 'bad/', append: true }, input: { node: 'read.ndjson-deadLetters.text' } },
    ])
    expect(nodesOf(read.ndjson('a', { schema, onError: { deadLetters: write.parquet('bad/') } }))[1]).toEqual({ node: 'sink', id: 'read.ndjson-deadLetters', kind: 'parquet', options: { path: 'bad/', append: true }, input: { node: 'read.ndjson', port: 'deadLetters' } })
  })

  it('of topics: a feed, and the operator that decodes what it gives', () => {
    expect(nodesOf(read.topic(topic('t', { dir: 'log' }), { format: 'json', schema, metadata: ['offset'], until: 'end' }))).toEqual([
      { node: 'feed', id: 'read.topic', kind: 'topic', options: { name: 't', dir: 'log', until: 'end' } },
      { node: 'operator', id: 'read.topic.decode', kind: 'decodeJson', params: { column: 'value', schema, keep: ['offset'] }, inputs: [{ node: 'read.topic' }] },
    ])
  })
})

describe('writers are plain data', () => {
  it('of files, topics and systems outside', () => {
    expect(write.parquet('out/', { compression: 'snappy' })).toEqual({ sink: 'parquet', options: { path: 'out/', compression: 'snappy' } })
    expect(write.arrow('a.arrow')).toEqual({ sink: 'arrow', options: { path: 'a.arrow' } })
    expect(write.csv('a.csv', { delimiter: '\t' })).toEqual({ sink: 'csv', options: { path: 'a.csv', delimiter: '\t' } })
    expect(write.ndjson('a', { overwrite: true })).toEqual({ sink: 'ndjson', options: { path: 'a', overwrite: true } })
    expect(write.topic(topic('t', { dir: 'log' }), { key: 'a' })).toEqual({ sink: 'topic', options: { name: 't', dir: 'log', key: 'a' } })
  })

  it('of rows beside the main ones: files that are there stay, unless they are to be replaced or can’t be added to', () => {
    expect(sideSink(write.ndjson('bad/'))).toEqual(write.ndjson('bad/', { append: true }))
    expect(sideSink(write.parquet('bad/'))).toEqual(write.parquet('bad/', { append: true }))
    expect(sideSink(write.csv('bad.csv'))).toEqual(write.csv('bad.csv', { append: true }))
    for (const sink of [write.parquet('bad.parquet'), write.ndjson('bad/', { overwrite: true }), write.csv('bad/', { append: false }), write.topic(topic('t', { dir: 'log' }))]) expect(sideSink(sink)).toBe(sink)
  })

  it('with secrets as their names', () => {
    const sink = write.elasticsearch({ node: 'https://localhost:9200', index: 'i', id: ['a'], auth: { apiKey: secret('ES_KEY') } })
    expect(JSON.parse(JSON.stringify(sink))).toMatchObject({ sink: 'elasticsearch', options: { auth: { apiKey: { secret: 'ES_KEY' } } } })
  })
})
