// Rows into an Elasticsearch or OpenSearch index, by bulk requests written from columns. A document's id follows from its row, so a repeated row
// overwrites itself; an epoch is prepared when the node has acknowledged every document of it.
//
// Order: two requests with a document in common are never under way together, so the last row of an id wins within a run. Between runs the
// version of every document is the start of its run in epoch milliseconds (`external_gte`): what a dead run's last request still brings late
// can't overwrite what its successor has written, and a run that has been succeeded fails with ELASTIC_FENCED.
import { asError, CancelledError, PlanError } from '../base/errors.ts'
import { random } from '../base/random.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { visible } from '../batch/schema.ts'
import { type EncodedRows, encodeJsonRows } from '../compute/encode-text.ts'
import { type ElasticAuth, ElasticClient, type ElasticTls, parseNode } from '../connect/elastic-client.ts'
import { checkIdColumns, idReader } from './document-id.ts'
import { Bulk, sendBulk } from './elastic-bulk.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/** Options of `write.elasticsearch`; plain data but for secrets. */
export interface ElasticsearchOptions {
  /** The node's URL, with a path where a proxy wants one; no credentials. */
  readonly node: string
  readonly index: string
  /** Columns, free of nulls, that make the document's id: rows of one id overwrite each other, the last one stays. */
  readonly id: readonly string[]
  readonly auth?: ElasticAuth
  readonly tls?: ElasticTls
  /** Documents per request at most; 5,000 by default. */
  readonly bulkRows?: number
  /** Bytes per request, beyond which no further document is added; 5 MiB by default. */
  readonly bulkBytes?: number
  /** Requests under way at most, 1 to 8; 2 by default. */
  readonly requestsMax?: number
  /** Attempts after the first while the node is busy or can't be reached and nothing moves on; 5 by default, over about 12 s. */
  readonly retries?: number
  /** The longest wait for one answer; a minute by default. */
  readonly timeoutMs?: number
  /** Makes an epoch's documents searchable as it is prepared. By default the index's own interval does. */
  readonly refresh?: boolean
  /** False leaves document versions to the node, so that several jobs may write the same documents. Default true. */
  readonly versioned?: boolean
}

const defaults = { bulkRows: 5_000, bulkBytes: 5_242_880, requestsMax: 2, retries: 5, timeoutMs: 60_000 }
const ranges = { bulkRows: [1, 1_000_000], bulkBytes: [1, 104_857_600], requestsMax: [1, 8], retries: [0, 100], timeoutMs: [1, 3_600_000] } as const
const optionNames = new Set(['node', 'index', 'id', 'auth', 'tls', 'refresh', 'versioned', ...Object.keys(ranges)])
const encodeRowsMax = 4_096
const refreshAnswerBytesMax = 1_048_576
const metadataFields = new Set(['_id', '_index', '_source', '_type', '_routing', '_version', '_seq_no', '_primary_term', '_field_names', '_ignored', '_nested_path', '_feature', '_tier', ''])

/** The sink behind `write.elasticsearch`. Opening greets the node, so that a wrong address or password shows before the first row. */
export const elasticsearchSink: SinkType<ElasticsearchOptions> = {
  kind: 'elasticsearch',
  delivery: () => 'idempotent',
  check(options, fields, where) {
    checkOptions(options, where)
    checkIdColumns(options.id, fields, where)
    const reserved = visible(fields).find(f => metadataFields.has(f.name))
    if (reserved) throw new PlanError('ELASTIC_COLUMN', `${where}: a document can't have a field "${reserved.name}", which names metadata of the index; rename the column`)
  },
  async open(context, options) {
    const writer = new ElasticWriter(context, options)
    await writer.greet()
    return writer
  },
  describe: ({ node, index, id }) => `elasticsearch ${parseNode(node, 'elasticsearch').origin}, index "${index}" by ${id.join(', ')} (idempotent)`,
}

function checkOptions(options: ElasticsearchOptions, where: string): void {
  const bad = (what: string) => new PlanError('ELASTIC_OPTIONS', `${where}: ${what}`)
  for (const name of Object.keys(options)) if (!optionNames.has(name)) throw bad(`no option "${name}"; the options are ${[...optionNames].join(', ')}`)
  if (typeof options.node !== 'string') throw bad("node is missing; write the node's URL, as in 'https://localhost:9200'")
  const url = parseNode(options.node, where)
  const { index, auth, tls } = options
  if (typeof index !== 'string' || !/^[^A-Z\\/*?"<>| ,#:\p{Cc}_+-][^A-Z\\/*?"<>| ,#:\p{Cc}]*$/u.test(index) || /^\.\.?$/.test(index) || Buffer.byteLength(index) > 255)
    throw bad(`${JSON.stringify(index) ?? 'nothing'} is no name of an index; write lower-case letters, digits, - and _, beginning with a letter or digit, at most 255 bytes`)
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges] ?? min
    if (!Number.isInteger(value) || value < min || value > max) throw bad(`${name} is ${JSON.stringify(value)}; give a whole number from ${min} to ${max}`)
  }
  if (tls && url.protocol !== 'https:') throw bad(`tls is given, but the URL begins with ${url.protocol}//; write https://`)
  if (auth && !('apiKey' in auth) && !('username' in auth && 'password' in auth)) throw bad("auth holds neither apiKey nor username and password; write auth: { apiKey: secret('NAME') } or auth: { username, password: secret('NAME') }")
  if (auth && 'username' in auth && (typeof auth.username !== 'string' || /[:\p{Cc}]/u.test(auth.username))) throw bad('the username holds a colon or a control character, which HTTP has no way to send; use another user')
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

  async #writeSlice(batch: Batch): Promise<void> {
    const { device } = this.#context
    const arena = device.arena()
    try {
      // A node maps a new field by its first value: 1 would make it a long for good.
      const rows = encodeJsonRows(device, arena, batch, { floats: 'pointed' })
      for (let row = 0; row < batch.rowCount; ) {
        row = this.#fill(batch, rows, row)
        await this.#until(() => this.#waiting.length === 0)
      }
    } finally {
      arena.release()
    }
  }

  // Adds rows until the request is full; returns the row to go on with. Views of memory don't outlive it.
  #fill(batch: Batch, { address, bytes, offsets, rowCount }: EncodedRows, start: number): number {
    const { device } = this.#context
    const { bulkRows, bulkBytes, id } = this.#options
    const idOf = idReader(device, batch, id)
    const text = device.memory.bytes(address, bytes)
    const ends = device.memory.uint32s(offsets, rowCount + 1)
    for (let row = start; row < rowCount; row++) {
      this.#filling.add(idOf(row), text.subarray(ends[row], ends[row + 1]))
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
