// The nodes behind `read.kafka`: what reaches the source, the decoders and the dead letters.
import { describe, expect, it } from 'vitest'
import { secret } from '../../src/base/secret.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { read } from '../../src/frame/read.ts'
import { write } from '../../src/frame/write.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'

const brokers = ['one:9092', 'two:9092']
const value = { format: 'json', schema: { n: 'int32' } } as const
const planOf = (frame: unknown) => buildPlan([(frame as FrameValue).edge.node]).plan
const fieldsOf = (frame: unknown) => {
  const plan = planOf(frame)
  return resolvePlan(plan, new Map()).edges.get(plan.nodes.findLast(n => n.node === 'operator')!.id)!.fields.map(f => f.name)
}

describe('read.kafka', () => {
  it('gives the value’s columns, then what else is asked for, and survives JSON without its secrets', () => {
    const sasl = { mechanism: 'plain', username: 'u', password: secret('SECRET_OF_TEST') } as const
    const frame = read.kafka({ brokers, sasl, topic: 'bids', key: 'utf8', value, metadata: ['offset', 'headers'] })
    expect(fieldsOf(frame)).toEqual(['n', 'key', 'offset', 'headers', '$split'])
    expect(JSON.parse(JSON.stringify(planOf(frame).nodes[0]))).toEqual({
      node: 'feed', id: 'read.kafka', kind: 'kafka',
      options: { brokers, sasl: { mechanism: 'plain', username: 'u', password: { secret: 'SECRET_OF_TEST' } }, topic: 'bids', key: 'utf8', metadata: ['key', 'offset', 'headers'] },
    })
    expect(fieldsOf(read.kafka({ brokers, topic: 'bids', value }))).toEqual(['n', '$split'])
    expect(fieldsOf(read.kafka({ brokers, topic: 'bids', value, metadata: ['partition', 'key'] }))).toEqual(['n', 'key', 'partition', '$split'])
  })

  it('decodes JSON keys before values', () => {
    const key = { format: 'json', schema: { id: 'int64', at: 'timestamp[ms]' }, paths: { at: 'meta.at' } } as const
    expect(fieldsOf(read.kafka({ brokers, topic: 'bids', key, value, metadata: ['offset'] }))).toEqual(['n', 'key.id', 'key.at', 'offset', '$split'])
    expect(fieldsOf(read.kafka({ brokers, topic: 'bids', key, value, metadata: ['key'] }))).toEqual(['n', 'key.id', 'key.at', 'key', '$split'])
  })

  it('sends dead letters without brokers to its own, and others where they say', () => {
    const tls = { ca: 'PEM' }
    const letters = (sink: ReturnType<typeof write.kafka>) =>
      planOf(read.kafka({ brokers, tls, topic: 'bids', key: { format: 'json', schema: { id: 'int64' } }, value, onError: { deadLetters: sink } }))
        .nodes.filter(n => n.node === 'sink')
        .map(n => ({ id: n.id, options: n.options }))
    expect(letters(write.kafka({ topic: 'dead' }))).toEqual([
      { id: 'read.kafka.key.decode-deadLetters', options: { brokers, tls, topic: 'dead' } },
      { id: 'read.kafka.decode-deadLetters', options: { brokers, tls, topic: 'dead' } },
    ])
    expect(letters(write.kafka({ brokers: ['other:1'], topic: 'dead' }))[0]!.options).toEqual({ brokers: ['other:1'], topic: 'dead' })
    expect(letters(write.ndjson('dead/'))[0]!.options).toEqual({ path: 'dead/', append: true })
  })

  it('leaves a sink elsewhere without brokers to say so', () => {
    const job = read.kafka({ brokers, topic: 'bids', value }).to(write.kafka({ topic: 'out' }))
    expect(() => resolvePlan(buildPlan(job.roots).plan, new Map())).toThrow(expect.objectContaining({ code: 'KAFKA_BROKERS' }))
  })
})

describe('read.ndjson', () => {
  it('takes paths of columns beside the paths of files', () => {
    const [scan] = planOf(read.ndjson('a.ndjson', { schema: { price: 'int64' }, paths: { price: 'bid.price' } })).nodes
    expect((scan as unknown as { options: object }).options).toEqual({ paths: ['a.ndjson'], schema: { price: 'int64' }, columnPaths: { price: 'bid.price' } })
  })
})
