// `write.http`: rows as NDJSON in POST requests. An epoch's requests are made when its checkpoint is durable; their bodies are in the checkpoint, so that whoever makes them again
// sends the same bytes under the same Idempotency-Key.
import { ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, formatBytes, parseBytes, parseDuration } from '../base/units.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { visible } from '../batch/schema.ts'
import { encodeJsonRows } from '../compute/encode-text.ts'
import { addressName, addressOf, type HttpHeaders, sentHeaders } from '../connect/http-headers.ts'
import { HttpSender } from '../connect/http-sender.ts'
import type { SinkContext, SinkType, SinkWriter } from './sink.ts'

/** Options of `write.http`. */
export interface HttpSinkOptions {
  readonly url: string
  /** Sent with each request: credentials belong here, as secrets. */
  readonly headers?: HttpHeaders
  /** A request's body at most; a longer row has one for itself. '1MiB' unless said. */
  readonly bodyBytes?: number | string
  /** Attempts after the first of a request that fails or is answered with 408, 425, 429 or 5xx; 8 unless said, after 0.25 s, 0.5 s, … or when the answer says. */
  readonly retries?: number
  /** How long an answer is waited for; '30s' unless said. */
  readonly timeout?: Duration
}

/** What a checkpoint keeps of an epoch's requests. */
interface HttpHandle {
  /** Tells the keys of jobs of one name apart that began anew. */
  readonly run: string
  readonly bodies: readonly string[]
}

/** Rows of an epoch that a checkpoint can hold. */
const epochBytesMax = 64 << 20
const optionNames = new Set(['url', 'headers', 'bodyBytes', 'retries', 'timeout'])

/** The sink behind `write.http`. */
export const httpSink: SinkType<HttpSinkOptions> = {
  kind: 'http',
  delivery: () => 'idempotent',
  check(options, fields, where) {
    const refused = (what: string) => new PlanError('HTTP_OPTIONS', `${where}: ${what}`)
    const strange = Object.keys(options).find(name => !optionNames.has(name))
    if (strange !== undefined) throw refused(`no option "${strange}"; the options are ${[...optionNames].join(', ')}`)
    addressOf(options.url, ['http:', 'https:'], where)
    const { retries, timeoutMs, bodyBytesMax } = settled(options, where)
    if (!Number.isInteger(retries) || retries < 0 || retries > 100) throw refused(`retries is ${String(options.retries)}; give a whole number from 0 to 100`)
    if (!(timeoutMs > 0)) throw refused(`timeout is ${options.timeout}; give more than 0`)
    if (bodyBytesMax < 1) throw refused(`bodyBytes is ${options.bodyBytes}; give 1 or more`)
    if (visible(fields).length === 0) throw new PlanError('NO_COLUMNS', `${where}: there are no columns to write`)
  },
  open: async (context, options) => new HttpWriter(context, options),
  describe: ({ url }) => `http ${addressName(new URL(url))}, NDJSON (idempotent by key)`,
}

function settled({ bodyBytes = '1MiB', retries = 8, timeout = '30s' }: HttpSinkOptions, where: string) {
  return { retries, timeoutMs: parseDuration(timeout, `${where}, timeout`), bodyBytesMax: parseBytes(bodyBytes, `${where}, bodyBytes`) }
}

class HttpWriter implements SinkWriter {
  readonly #context: SinkContext
  readonly #sender: HttpSender
  readonly #bodyBytesMax: number
  readonly #columns: readonly string[]
  /** Whole bodies of the epoch, and rows of the next one. */
  #bodies: Uint8Array<ArrayBuffer>[] = []
  #rows: Uint8Array<ArrayBuffer>[] = []
  #rowBytes = 0
  #epochBytes = 0
  readonly #run: string
  /** Requests of a job that keeps nothing. */
  #sent = 0

  constructor(context: SinkContext, options: HttpSinkOptions) {
    const { where } = context
    const { retries, timeoutMs, bodyBytesMax } = settled(options, where)
    this.#context = context
    this.#bodyBytesMax = bodyBytesMax
    const resumed = context.resumed?.handle as unknown as HttpHandle | null | undefined
    // What is made again behind a step back has other rows.
    this.#run = resumed && !context.resumed?.rewind ? resumed.run : crypto.randomUUID()
    this.#columns = visible(context.fields).map(field => field.name)
    const headers = sentHeaders({ 'content-type': 'application/x-ndjson', ...options.headers }, `${where}, headers`)
    this.#sender = new HttpSender({ url: addressOf(options.url, ['http:', 'https:'], where), headers, retries, timeoutMs }, context)
  }

  async write({ batch, device }: BatchView, { epoch }: { epoch: number }): Promise<void> {
    if (batch.rowCount === 0) return
    const arena = device.arena()
    try {
      const { address, bytes, offsets } = encodeJsonRows(device, arena, batch, { columns: this.#columns })
      this.#take(device.memory.bytes(address, bytes), device.memory.uint32s(offsets, batch.rowCount + 1))
    } finally {
      arena.release()
    }
    // Nobody will ask for them again, so that they need not wait for a checkpoint.
    if (this.#context.keepsNothing) await this.#sendAll()
    else if (this.#epochBytes > epochBytesMax)
      throw new ConnectorError('HTTP_EPOCH', `${this.#context.where}: epoch ${epoch} has more than ${formatBytes(epochBytesMax)} of rows, which its checkpoint would have to keep; make checkpoints more often`)
  }

  async prepare(): Promise<Json> {
    this.#endBody()
    this.#epochBytes = 0
    if (this.#context.keepsNothing) {
      await this.#sendAll()
      return null
    }
    return { run: this.#run, bodies: this.#bodies.splice(0).map(body => Buffer.from(body).toString('utf8')) } satisfies HttpHandle as unknown as Json
  }

  async commit(epoch: number, handle: Json): Promise<void> {
    const { run, bodies } = (handle ?? { run: '', bodies: [] }) as unknown as HttpHandle
    for (const [index, body] of bodies.entries()) await this.#send(`${run}/${epoch}/${index}`, new Uint8Array(Buffer.from(body, 'utf8')))
  }

  async #sendAll(): Promise<void> {
    for (const body of this.#bodies.splice(0)) await this.#send(`${this.#run}/${this.#sent++}`, body)
  }

  #send(key: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { job, sink } = this.#context
    return this.#sender.send(body, { 'idempotency-key': encodeURIComponent(`${job}/${sink}/${key}`) })
  }

  // Rows are put together to bodies of the size at most.
  #take(bytes: Uint8Array, offsets: Uint32Array): void {
    let start = 0
    for (let row = 1; row < offsets.length; row++) {
      const isFull = this.#rowBytes + offsets[row]! - offsets[start]! > this.#bodyBytesMax
      if (isFull && row - 1 > start) {
        this.#put(bytes.slice(offsets[start]!, offsets[row - 1]!))
        start = row - 1
      }
      if (isFull) this.#endBody()
    }
    this.#put(bytes.slice(offsets[start]!, offsets.at(-1)!))
  }

  #put(rows: Uint8Array<ArrayBuffer>): void {
    this.#rows.push(rows)
    this.#rowBytes += rows.length
    this.#epochBytes += rows.length
  }

  #endBody(): void {
    if (this.#rowBytes === 0) return
    this.#bodies.push(new Uint8Array(Buffer.concat(this.#rows.splice(0))))
    this.#rowBytes = 0
  }
}
