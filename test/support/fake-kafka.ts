// A Kafka broker of few words on loopback: metadata, offsets, fetches and group offsets of one topic, whose batches the test gives as bytes. What it was
// asked is on record, and single answers can be replaced.
import { createServer, type Server, type Socket } from 'node:net'
import { readInt64 } from '../../src/format/kafka/record-batch.ts'
import { WireReader, WireWriter } from '../../src/format/kafka/wire.ts'

/** Batches of a partition: bytes of `encodeRecordBatch`, in order, with their offsets (`numbered`). */
export interface FakePartition {
  batches: Uint8Array[]
  /** The first offset that is left; default 0. */
  start?: number
  /** Behind the last offset that read_committed may see; default the end. */
  stable?: number
  aborted?: { producerId: number; firstOffset: number }[]
}

const none = -1

function offsetsOf(batch: Uint8Array): { first: number; last: number } {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const first = readInt64(view, 0)
  return { first, last: first + view.getInt32(23) }
}

/** The batches, with offsets from `from` on. */
export function numbered(batches: readonly Uint8Array[], from = 0): Uint8Array[] {
  return batches.map(batch => {
    const copy = batch.slice()
    const view = new DataView(copy.buffer)
    view.setInt32(0, Math.floor(from / 2 ** 32))
    view.setUint32(4, from >>> 0)
    from += view.getInt32(23) + 1
    return copy
  })
}

function endOf({ batches }: FakePartition): number {
  return batches.length === 0 ? 0 : offsetsOf(batches.at(-1)!).last + 1
}

/** A running broker; the coordinator of every group. */
export class FakeKafka {
  /** What it was asked: the request's key, and for fetches from where. */
  readonly requests: { apiKey: number; from?: { partition: number; offset: number }[] }[] = []
  /** Offsets stored for any group. */
  readonly committed = new Map<number, number>()
  /** Errors for the next fetches, one each. */
  readonly fetchErrors: number[] = []
  /** The error of every attempt to store offsets. */
  commitError = 0
  /** Answers to fetches wait for this. */
  hold: Promise<void> | undefined
  readonly topic: string
  readonly partitions: FakePartition[]
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #port = 0
  readonly #handlers: Record<number, (reader: WireReader) => WireWriter> = {
    1: reader => this.#fetch(reader),
    2: reader => this.#listOffsets(reader),
    3: reader => this.#metadata(reader),
    8: reader => this.#commitOffsets(reader),
    10: reader => this.#findCoordinator(reader),
  }

  /** Use `fakeKafka`. */
  constructor(topic: string, partitions: FakePartition[]) {
    this.topic = topic
    this.partitions = partitions
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      let left = Buffer.alloc(0)
      socket.on('data', data => {
        left = Buffer.concat([left, data])
        while (left.length >= 4 && left.length >= 4 + left.readInt32BE(0)) {
          const request = left.subarray(4, 4 + left.readInt32BE(0))
          left = left.subarray(4 + request.length)
          void this.#answer(request, socket)
        }
      })
    })
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async listen(): Promise<this> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as { port: number }).port
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** How often it was asked. */
  count(apiKey: number): number {
    return this.requests.filter(request => request.apiKey === apiKey).length
  }

  async #answer(request: Buffer, socket: Socket): Promise<void> {
    const apiKey = request.readInt16BE(0)
    if (apiKey === 1) await this.hold
    const clientBytes = Math.max(0, request.readInt16BE(8))
    const body = this.#handlers[apiKey]!(new WireReader(request.subarray(10 + clientBytes + 1), 'test')).result()
    const head = Buffer.alloc(9)
    head.writeInt32BE(body.length + 5)
    head.writeInt32BE(request.readInt32BE(4), 4)
    socket.write(Buffer.concat([head, body]))
  }

  #metadata(reader: WireReader): WireWriter {
    this.requests.push({ apiKey: 3 })
    const names = reader.array(() => {
      reader.skip(16)
      const name = reader.string()
      reader.end()
      return name
    })
    const writer = new WireWriter().int32(0)
    writer.array([1], id => writer.int32(id).string('127.0.0.1').int32(this.#port).string(null).end()).string('cluster').int32(1)
    writer.array(names, name => {
      const own = name === this.topic ? this.partitions : []
      writer.int16(name === this.topic ? 0 : 3).string(name).noUuid().boolean(false)
      writer.array([...own.keys()], index => writer.int16(0).int32(index).int32(1).int32(0).varint(1).varint(1).varint(1).end()).int32(0).end()
    })
    return writer.end()
  }

  #listOffsets(reader: WireReader): WireWriter {
    this.requests.push({ apiKey: 2 })
    reader.int32()
    const isCommitted = reader.int8() === 1
    const wanted = readPartitions(reader, partition => {
      reader.int32()
      return { partition, timestamp: reader.int64() }
    })
    return this.#ofTopic(wanted, ({ partition, timestamp }, writer) => {
      const own = this.partitions[partition]!
      const offset = timestamp === -2 ? (own.start ?? 0) : isCommitted ? (own.stable ?? endOf(own)) : endOf(own)
      writer.int32(partition).int16(0).int64(none).int64(offset).int32(0).end()
    })
  }

  #fetch(reader: WireReader): WireWriter {
    reader.skip(4 + 4 + 4 + 4 + 1 + 4 + 4)
    const from = readPartitions(reader, partition => {
      reader.int32()
      const offset = reader.int64()
      reader.skip(4 + 8)
      return { partition, offset, bytesMax: reader.int32() }
    })
    this.requests.push({ apiKey: 1, from: from.map(({ partition, offset }) => ({ partition, offset })) })
    const errorCode = this.fetchErrors.shift() ?? 0
    const head = new WireWriter().int32(0).int16(0).int32(0)
    return this.#ofTopic(from, ({ partition, offset, bytesMax }, writer) => {
      const own = this.partitions[partition]!
      const stable = own.stable ?? endOf(own)
      const isGone = offset < (own.start ?? 0) || offset > endOf(own)
      const batches = errorCode || isGone ? [] : own.batches.filter(batch => offsetsOf(batch).last >= offset && offsetsOf(batch).last < stable)
      const bytes = Buffer.concat(batches).subarray(0, Math.max(bytesMax, batches[0]?.length ?? 0))
      writer.int32(partition).int16(errorCode || (isGone ? 1 : 0)).int64(endOf(own)).int64(stable).int64(own.start ?? 0)
      writer.array(own.aborted ?? [], ({ producerId, firstOffset }) => writer.int64(producerId).int64(firstOffset).end()).int32(none).field(bytes).end()
    }, head)
  }

  #findCoordinator(reader: WireReader): WireWriter {
    this.requests.push({ apiKey: 10 })
    reader.int8()
    const ids = reader.array(() => reader.string())
    const writer = new WireWriter().int32(0)
    return writer.array(ids, id => writer.string(id).int32(1).string('127.0.0.1').int32(this.#port).int16(0).string(null).end()).end()
  }

  #commitOffsets(reader: WireReader): WireWriter {
    this.requests.push({ apiKey: 8 })
    reader.string()
    reader.int32()
    reader.string()
    reader.nullableString()
    const items = readPartitions(reader, partition => {
      const offset = reader.int64()
      reader.int32()
      reader.string()
      return { partition, offset }
    })
    if (this.commitError === 0) for (const { partition, offset } of items) this.committed.set(partition, offset)
    return this.#ofTopic(items, ({ partition }, writer) => writer.int32(partition).int16(this.commitError).end())
  }

  #ofTopic<T>(items: readonly T[], write: (item: T, writer: WireWriter) => void, writer = new WireWriter().int32(0)): WireWriter {
    return writer.array([this.topic], name => writer.string(name).array(items, item => write(item, writer)).end()).end()
  }
}

// The partitions of a request's one topic.
function readPartitions<T>(reader: WireReader, read: (partition: number) => T): T[] {
  const topics = reader.array(() => {
    reader.string()
    const items = reader.array(() => {
      const item = read(reader.int32())
      reader.end()
      return item
    })
    reader.end()
    return items
  })
  return topics.flat()
}

/** Starts one for `topic`. */
export function fakeKafka(topic: string, partitions: FakePartition[]): Promise<FakeKafka> {
  return new FakeKafka(topic, partitions).listen()
}
