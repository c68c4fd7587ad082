// An Elasticsearch node in memory, on loopback: strict about what it is sent, and faulty on demand. It keeps documents by id with external versions.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What a faulty node does with one whole request. */
export type Fault =
  | { status: number; body?: string }
  | 'reset'
  | 'resetAfter' // The documents are taken, the answer is lost.
  | 'silence'
  | 'cut' // The connection ends within the answer.
  | 'endless'
  | { raw: string }

/** An item's refusal. */
export interface ItemFault {
  status: number
  error: unknown
}

export interface Stored {
  source: Record<string, unknown>
  version: number | undefined
  writes: number
}

interface Action {
  _id: string
  version?: number
  version_type?: string
}

export interface FakeElasticOptions {
  /** The authorization header that it wants. */
  readonly authorization?: string
  readonly tls?: { key: string; cert: string }
  readonly bodyBytesMax?: number
}

export class FakeElastic {
  readonly documents = new Map<string, Stored>()
  /** Bulk requests: the ids of each, in the order of arrival. */
  readonly bulks: string[][] = []
  readonly paths: string[] = []
  readonly headers: IncomingMessage['headers'][] = []
  /** Faults of the next requests, bulks and others; undefined behaves. */
  faults: (Fault | undefined)[] = []
  /** A fault of an item at its nth arrival (from 1). */
  itemFault: (id: string, arrival: number) => ItemFault | undefined = () => undefined
  /** What a bulk waits for before it is answered. */
  gate: () => Promise<void> | undefined = () => undefined
  complaints: string[] = []
  refreshes = 0
  underWayMax = 0
  greets = true
  #underWay = 0
  readonly #arrivals = new Map<string, number>()
  readonly #options: FakeElasticOptions
  readonly #server

  constructor(options: FakeElasticOptions = {}) {
    this.#options = options
    const listener: RequestListener = (request, response) => void this.#answer(request, response)
    this.#server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  }

  async start(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return this.url
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.paths.push(`${request.method} ${path}`)
    this.headers.push(request.headers)
    const body = await bodyOf(request).catch(() => undefined)
    if (body === undefined) return
    if (path === '/' && this.greets) return this.#authorized(request, response) ? send(response, 200, { version: { number: '7.17.29' } }) : undefined
    const fault = this.faults.shift()
    if (fault !== undefined && fault !== 'resetAfter') return misbehave(fault, request, response)
    if (!this.#authorized(request, response)) return
    if (path.endsWith('/_refresh')) {
      this.refreshes++
      return send(response, 200, { _shards: { failed: 0 } })
    }
    if (!/^\/[^/]+\/_bulk(\?|$)/.test(path)) return send(response, 405, { error: 'no such path' })
    if (body.length > (this.#options.bodyBytesMax ?? Number.POSITIVE_INFINITY)) return send(response, 413, undefined)
    this.#underWay++
    this.underWayMax = Math.max(this.underWayMax, this.#underWay)
    const answer = this.#bulk(request, body)
    await this.gate()
    this.#underWay--
    if (fault === 'resetAfter') return void request.socket.destroy()
    send(response, 'error' in answer ? 400 : 200, answer)
  }

  #authorized(request: IncomingMessage, response: ServerResponse): boolean {
    const wanted = this.#options.authorization
    if (wanted === undefined || request.headers.authorization === wanted) return true
    send(response, 401, { error: { type: 'security_exception', reason: `unable to authenticate ${request.headers.authorization}` }, status: 401 })
    return false
  }

  #bulk(request: IncomingMessage, body: Buffer): object {
    const wrong = (reason: string) => {
      this.complaints.push(reason)
      return { error: { type: 'illegal_argument_exception', reason }, status: 400 }
    }
    if (request.headers['content-type'] !== 'application/x-ndjson') return wrong('Content-Type')
    if (body.at(-1) !== 10) return wrong('The bulk request must be terminated by a newline [\\n]')
    const lines = new TextDecoder('utf-8', { fatal: true }).decode(body).split('\n').slice(0, -1)
    const ids: string[] = []
    const documents: [Action, Record<string, unknown> | undefined][] = []
    for (let i = 0; i < lines.length; i++) {
      const action = JSON.parse(lines[i]!) as { index?: Action; delete?: Action }
      if (action.index && i + 1 === lines.length) return wrong('an action without a document')
      const source = action.delete ? undefined : (JSON.parse(lines[++i]!) as Record<string, unknown>)
      const { _id, version, version_type, ...rest } = action.index ?? action.delete ?? { _id: '' }
      if (Object.keys(action).length !== 1 || Object.keys(rest).length > 0) return wrong('unknown action')
      if (typeof _id !== 'string' || _id === '' || Buffer.byteLength(_id) > 512) return wrong(`bad _id "${_id}"`)
      if ((version === undefined) !== (version_type === undefined)) return wrong('version without version_type')
      if (version_type !== undefined && (version_type !== 'external_gte' || !Number.isSafeInteger(version) || version! < 0)) return wrong('bad version')
      if (source !== undefined && (typeof source !== 'object' || Array.isArray(source))) return wrong('a document must be an object')
      ids.push(_id)
      documents.push([{ _id, version }, source])
    }
    if (new Set(ids).size !== ids.length) return wrong('an id twice in one request')
    this.bulks.push(ids)
    const items = documents.map(([action, source]) => ({ [source ? 'index' : 'delete']: this.#put(action, source) }))
    return { errors: items.some(item => Object.values(item)[0]!.status > 299), items }
  }

  #put({ _id, version }: Action, source: Record<string, unknown> | undefined): { status: number; error?: unknown } {
    const arrival = (this.#arrivals.get(_id) ?? 0) + 1
    this.#arrivals.set(_id, arrival)
    const fault = this.itemFault(_id, arrival)
    if (fault) return fault
    const before = this.documents.get(_id)
    if (version !== undefined && before?.version !== undefined && version < before.version)
      return { status: 409, error: { type: 'version_conflict_engine_exception', reason: `[${_id}]: version conflict, current version [${before.version}] is higher than the one provided [${version}]` } }
    if (!source) return { status: this.documents.delete(_id) ? 200 : 404 }
    this.documents.set(_id, { source, version, writes: (before?.writes ?? 0) + 1 })
    return { status: before ? 200 : 201 }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body))
}

function misbehave(fault: Exclude<Fault, 'resetAfter'>, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'silence') return
  if (fault === 'reset') return void request.socket.destroy()
  if (fault === 'cut') return void response.writeHead(200, { 'content-length': 1000 }).write('{"errors":', () => request.socket.destroy())
  if (fault === 'endless') {
    const more = () => {
      while (!response.destroyed && response.write('[[[[[[[['.repeat(8192)));
      if (!response.destroyed) response.once('drain', more)
    }
    response.writeHead(200)
    return more()
  }
  if ('raw' in fault) return void request.socket.end(fault.raw)
  response.writeHead(fault.status).end(fault.body)
}

/** A clock whose pauses take no time and are written down; waits of `waitMs` or more last until `expire()`. */
export class PauseClock {
  readonly pauses: number[] = []
  time = 1_700_000_000_000
  readonly waitMs: number
  #waits = new Set<() => void>()
  /** Called at every pause. */
  onPause: (pause: number) => void = () => {}
  constructor(waitMs = 60_000) {
    this.waitMs = waitMs
  }
  now(): number {
    return this.time
  }
  elapsed(): number {
    return this.time
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    if (ms < this.waitMs) {
      this.pauses.push(ms)
      this.onPause(this.pauses.length)
      return Promise.resolve()
    }
    return new Promise(resolve => {
      const done = () => {
        this.#waits.delete(done)
        resolve()
      }
      this.#waits.add(done)
      signal?.addEventListener('abort', done)
    })
  }
  /** Ends every wait. */
  expire(): void {
    for (const done of this.#waits) done()
  }
}
