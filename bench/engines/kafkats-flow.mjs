// @kafkats/flow without a broker: its topology, called with messages that lie ready.
import { EventEmitter } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'

const folder = new URL('../node_modules/@kafkats/flow/', import.meta.url)

export const isPresent = () => existsSync(folder)

/** Of the package that is installed. */
export const version = () => JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).version

/** Hands messages that lie ready to the handler, one after the other, as a consumer of one partition does. */
class MemoryConsumer extends EventEmitter {
  runEach(_topics, handler) {
    this.handler = handler
    this.emit('running')
    return new Promise(resolve => this.once('stopped', resolve))
  }

  stop() {
    this.emit('stopped')
  }
}

/** The last count of each window and key, as `start|key`. */
export async function countByFlow(messages, windowMs) {
  const [{ codec, flow, TimeWindows }, { KafkaClient }] = await Promise.all([import('@kafkats/flow'), import('@kafkats/client')])
  const consumer = new MemoryConsumer()
  const client = Object.assign(new KafkaClient({ clientId: 'bench', brokers: ['localhost:1'] }), {
    connect: async () => {},
    disconnect: async () => {},
    consumer: () => consumer,
    producer: () => ({ send: async () => {}, disconnect: async () => {} }),
  })
  const counts = new Map()
  const app = flow({ applicationId: 'bench', client })
  app
    .stream('rows', { key: codec.string(), value: codec.buffer() })
    .groupByKey()
    .windowedBy(TimeWindows.of(windowMs))
    .count({ changelog: false })
    .toStream()
    .peek(({ key, window }, n) => counts.set(`${window.start}|${key}`, n))
  await app.start()
  const context = { signal: new AbortController().signal, topic: 'rows', partition: 0, offset: 0n, groupId: 'bench' }
  for (const message of messages) await consumer.handler(message, context)
  await app.close()
  return counts
}

/** Messages as a consumer gets them. */
export function messagesOf(rows, keyOf, timeOf) {
  const value = Buffer.from('x')
  return Array.from({ length: rows }, (_, i) => ({ topic: 'rows', partition: 0, offset: BigInt(i), timestamp: BigInt(timeOf(i)), key: Buffer.from(String(keyOf(i))), value, headers: {} }))
}
