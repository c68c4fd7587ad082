// In-process topics as a sink: a JSON object a row, exactly once. An epoch's rows are staged in a file of their own and appended as one when
// the checkpoint is durable; a commit that is repeated after a crash is recognised by the topic.
import { assert, PlanError } from '../base/errors.ts'
import { crc32c } from '../base/crc32c.ts'
import type { Json } from '../base/json.ts'
import type { StagedEpoch, TopicLog, TopicOptions, TopicRecords } from '../base/topic.ts'
import { type Batch, column } from '../batch/batch.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { typeName } from '../batch/type-name.ts'
import { valueReader } from '../batch/read-values.ts'
import { fieldOf, visible } from '../batch/schema.ts'
import { encodeJsonRows } from '../compute/encode-text.ts'
import type { Device } from '../device/device.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/** Which topic, and the utf8 or number column whose text is the record's key; records of a key share a partition. */
export interface TopicSinkOptions extends TopicOptions {
  readonly key?: string
}

/** Writes JSON records to a topic, exactly once. */
export const topicSink: SinkType<TopicSinkOptions> = {
  kind: 'topic',
  delivery: () => 'transactional',
  check(options, fields, where) {
    if (options.key === undefined) return
    const { type, nullable } = fieldOf(fields, options.key, where)
    if (type.kind === 'binary')
      throw new PlanError('KEY_TYPE', `${where}: the key column "${options.key}" is ${typeName(type, nullable)}; give a column of text, numbers or times`)
  },
  async open(context, options) {
    assert(context.topics, 'a topic is written where there are no topics')
    const log = await context.topics.open({
      name: options.name,
      ...(options.dir !== undefined && { dir: options.dir }),
      ...(options.partitions !== undefined && { partitions: options.partitions }),
    })
    const resumed = context.resumed?.handle as StagedEpoch | null | undefined
    const writer = `${context.job}/${context.sink}`
    await log.abandon(writer, resumed ?? undefined)
    return new TopicWriter(context, log, writer, options.key)
  },
  describe: options => `topic ${options.name}${options.dir ? ` in ${options.dir}` : ''}${options.key ? `, key ${options.key}` : ''}`,
}

class TopicWriter implements SinkWriter {
  readonly #context: SinkContext
  readonly #log: TopicLog
  readonly #writer: string
  readonly #key: string | undefined
  readonly #columns: readonly string[]
  readonly #epochs = new Map<number, { parts: TopicRecords[]; rows: number }>()
  constructor(context: SinkContext, log: TopicLog, writer: string, key: string | undefined) {
    this.#context = context
    this.#log = log
    this.#writer = writer
    this.#key = key
    this.#columns = visible(context.fields).map(f => f.name)
  }

  async write(view: BatchView, at: { epoch: number }): Promise<void> {
    let epoch = this.#epochs.get(at.epoch)
    if (!epoch) this.#epochs.set(at.epoch, (epoch = { parts: [], rows: 0 }))
    const { batch, device } = view
    epoch.parts.push(recordsOf(device, batch, this.#columns, this.#key, this.#log.partitionCount, epoch.rows, this.#context.clock.now()))
    epoch.rows += batch.rowCount
  }

  async prepare(epoch: number): Promise<Json> {
    const written = this.#epochs.get(epoch)
    this.#epochs.delete(epoch)
    return written ? this.#log.stage(this.#writer, epoch, written.parts) : null
  }

  async commit(_epoch: number, handle: Json): Promise<void> {
    if (handle !== null) await this.#log.commit(handle as StagedEpoch)
  }

  async close(failed: boolean): Promise<void> {
    if (failed) this.#epochs.clear()
  }
}

// A batch as records. Without a key, rows go round the partitions, counted from the epoch's first.
function recordsOf(
  device: Device,
  batch: Batch,
  columns: readonly string[],
  key: string | undefined,
  partitionCount: number,
  rowsBefore: number,
  nowMs: number,
): TopicRecords {
  const count = batch.rowCount
  const arena = device.arena()
  try {
    const rows = encodeJsonRows(device, arena, batch, { columns })
    const source = device.memory.bytes(rows.address, rows.bytes)
    const offsets = device.memory.uint32s(rows.offsets, count + 1)
    // The line feed that ends each row is left out.
    const valueBytes = new Uint8Array(Math.max(0, rows.bytes - count))
    const valueLengths = new Int32Array(count)
    let at = 0
    for (let row = 0; row < count; row++) {
      const length = offsets[row + 1]! - offsets[row]! - 1
      valueBytes.set(source.subarray(offsets[row]!, offsets[row]! + length), at)
      valueLengths[row] = length
      at += length
    }
    const partitions = new Int32Array(count)
    for (let row = 0; row < count; row++) partitions[row] = (rowsBefore + row) % partitionCount
    const keys = key === undefined ? undefined : keysOf(device, batch, key, partitions, partitionCount)
    const keyLengths = keys?.keyLengths ?? new Int32Array(count).fill(-1)
    return {
      count,
      partitions,
      timestampsMs: new Float64Array(count).fill(Math.floor(nowMs)),
      keyLengths,
      keyBytes: keys?.keyBytes ?? new Uint8Array(0),
      valueLengths,
      valueBytes,
    }
  } finally {
    arena.release()
  }
}

const encoder = new TextEncoder()

function keysOf(device: Device, batch: Batch, key: string, partitions: Int32Array, partitionCount: number): { keyLengths: Int32Array; keyBytes: Uint8Array } {
  const read = valueReader(device.memory, column(batch, key, 'write.topic'))
  const keyLengths = new Int32Array(batch.rowCount).fill(-1)
  const texts: Uint8Array[] = []
  let total = 0
  for (let row = 0; row < batch.rowCount; row++) {
    const value = read(row)
    if (value === null) continue
    const bytes = encoder.encode(String(value))
    keyLengths[row] = bytes.length
    partitions[row] = crc32c(bytes) % partitionCount
    texts.push(bytes)
    total += bytes.length
  }
  const keyBytes = new Uint8Array(total)
  let at = 0
  for (const text of texts) {
    keyBytes.set(text, at)
    at += text.length
  }
  return { keyLengths, keyBytes }
}
