// The writer of the Elasticsearch sink, loaded with the first job that has one.
//
// Order: two requests with a document in common are never under way together, so the last row of an id wins within a run. Between runs the
// version of every document is the start of its run in epoch milliseconds (`external_gte`): what a dead run's last request still brings late
// can't overwrite what its successor has written, and a run that has been succeeded fails with ELASTIC_FENCED.
import { asError, CancelledError } from '../base/errors.ts'
import { random } from '../base/random.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { upsertsOf } from '../compute/changes.ts'
import { type EncodedRows, encodeJsonRows } from '../compute/encode-text.ts'
import { ElasticClient } from '../connect/elastic-client.ts'
import { idReader } from './document-id.ts'
import { Bulk, sendBulk } from './elastic-bulk.ts'
import type { ElasticsearchOptions } from './elasticsearch.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

const defaults = { bulkRows: 5_000, bulkBytes: 5_242_880, requestsMax: 2, retries: 5, timeoutMs: 60_000 }
const encodeRowsMax = 4_096
const refreshAnswerBytesMax = 1_048_576

/** Opens a writer, which greets the node. */
export async function openElasticWriter(context: SinkContext, options: ElasticsearchOptions): Promise<SinkWriter> {
  const writer = new ElasticWriter(context, options)
  await writer.greet()
  return writer
}

class ElasticWriter implements SinkWriter {
  readonly #context: SinkContext
  readonly #options: ElasticsearchOptions & typeof defaults
  readonly #client: ElasticClient
  readonly #stop = new AbortController()
  readonly #version: number | undefined
  readonly #waiting: Bulk[] = []
  readonly #underWay = new Set<Bulk>()
  #filling: Bulk
  #moved: (() => void)[] = []
  #failure: Error | undefined
  #unrefreshed = false

  constructor(context: SinkContext, options: ElasticsearchOptions) {
    const { clock, signal, where } = context
    this.#context = context
    this.#options = { ...defaults, ...options }
    this.#version = options.versioned === false ? undefined : Math.max(1, Math.floor(clock.now()))
    this.#filling = new Bulk(this.#version)
    const { node, auth, tls, retries, timeoutMs, requestsMax } = this.#options
    this.#client = new ElasticClient(
      { node, auth, tls, retries, timeoutMs, socketsMax: requestsMax },
      { clock, where, random: random(clock.now()), signal: AbortSignal.any([signal, this.#stop.signal]), count: (metric, by) => context.count(metric, by) },
    )
  }

  async greet(): Promise<void> {
    try {
      await this.#client.greet()
    } catch (error) {
      this.#client.close()
      throw error
    }
  }

  async write(view: BatchView): Promise<void> {
    const { batch } = view
    for (let start = 0; start < batch.rowCount; start += encodeRowsMax) await this.#writeSlice(sliceBatch(batch, start, Math.min(start + encodeRowsMax, batch.rowCount)))
    // A node at leisure gets what there is; a busy one gets fuller requests.
    if (this.#underWay.size === 0) this.#seal()
    await this.#until(() => this.#waiting.length === 0)
  }

  /** Resolves when the node has acknowledged everything written. */
  async prepare(): Promise<null> {
    this.#seal()
    await this.#until(() => this.#waiting.length === 0 && this.#underWay.size === 0)
    if (this.#options.refresh && this.#unrefreshed) {
      await this.#client.ask({ method: 'POST', path: `/${encodeURIComponent(this.#options.index)}/_refresh`, answerBytesMax: refreshAnswerBytesMax })
      this.#unrefreshed = false
    }
    return null
  }

  async close(): Promise<void> {
    this.#failure ??= new CancelledError(this.#context.where)
    this.#stop.abort()
    while (this.#underWay.size > 0) await this.#nextMove()
    this.#client.close()
  }

  async #writeSlice(given: Batch): Promise<void> {
    const { device } = this.#context
    const arena = device.arena()
    try {
      // A node maps a new field by its first value: 1 would make it a long for good.
      const { batch, deleted } = upsertsOf(device, arena, given)
      const rows = encodeJsonRows(device, arena, batch, { floats: 'pointed' })
      for (let row = 0; row < batch.rowCount; ) {
        row = this.#fill(batch, rows, deleted, row)
        await this.#until(() => this.#waiting.length === 0)
      }
    } finally {
      arena.release()
    }
  }

  // Adds rows until the request is full; returns the row to go on with. Views of memory don't outlive it.
  #fill(batch: Batch, { address, bytes, offsets, rowCount }: EncodedRows, deleted: Uint8Array | undefined, start: number): number {
    const { device } = this.#context
    const { bulkRows, bulkBytes, id } = this.#options
    const idOf = idReader(device, batch, id)
    const text = device.memory.bytes(address, bytes)
    const ends = device.memory.uint32s(offsets, rowCount + 1)
    for (let row = start; row < rowCount; row++) {
      this.#filling.add(idOf(row), deleted?.[row] ? undefined : text.subarray(ends[row], ends[row + 1]))
      if (this.#filling.documentCount < bulkRows && this.#filling.bytes < bulkBytes) continue
      this.#seal()
      return row + 1
    }
    return rowCount
  }

  #seal(): void {
    if (this.#filling.documentCount === 0) return
    this.#waiting.push(this.#filling)
    this.#filling = new Bulk(this.#version)
    this.#pump()
  }

  // Requests start in order; one that shares a document with one under way waits for it, and so do those behind.
  #pump(): void {
    for (let next = this.#waiting[0]; next && !this.#failure; next = this.#waiting[0]) {
      if (this.#underWay.size >= this.#options.requestsMax) return
      for (const other of this.#underWay) if (other.overlaps(next)) return
      this.#waiting.shift()
      void this.#send(next)
    }
  }

  async #send(bulk: Bulk): Promise<void> {
    this.#underWay.add(bulk)
    try {
      await sendBulk(this.#client, this.#options.index, bulk)
      this.#unrefreshed = true
      this.#context.count('elasticDocuments', bulk.documentCount)
    } catch (error) {
      this.#failure ??= asError(error)
    }
    this.#underWay.delete(bulk)
    this.#pump()
    if (this.#underWay.size === 0 && !this.#failure) this.#seal()
    for (const wake of this.#moved.splice(0)) wake()
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!this.#failure && !reached()) await this.#nextMove()
    if (this.#failure) throw this.#failure
  }

  #nextMove(): Promise<void> {
    return new Promise(resolve => this.#moved.push(resolve))
  }
}
