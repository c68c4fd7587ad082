// Requests to an Elasticsearch or OpenSearch node over node:http(s): kept-alive sockets, credentials, a limit of time and of size for every
// answer, and attempts spaced by exponential backoff with jitter. Time and chance are the caller's.
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Clock } from '../base/clock.ts'
import { asError, CancelledError, ConnectorError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Random } from '../base/random.ts'
import { reveal } from '../base/secret.ts'
import { type ElasticAuth, type ElasticTls, parseNode } from './elastic-node.ts'
import { elasticProtocol, elasticUnreachable, isBusy, socketError, statusError } from './elastic-errors.ts'

/** How to reach a node; plain data but for secrets. */
export interface ElasticOptions {
  readonly node: string
  readonly auth?: ElasticAuth
  readonly tls?: ElasticTls
  /** Attempts after the first of a request that may yet succeed. */
  readonly retries: number
  /** The longest wait for one answer. */
  readonly timeoutMs: number
  /** Sockets at most. */
  readonly socketsMax: number
}

/** What a client needs besides its options. */
export interface ElasticEnvironment {
  readonly clock: Clock
  readonly random: Random
  /** Ends every request and every pause at once. */
  readonly signal: AbortSignal
  readonly where: string
  count(metric: string, by: number): void
}

/** One request. */
export interface ElasticCall {
  readonly method: 'GET' | 'POST'
  /** Below the node's URL; begins with a slash, encoded. */
  readonly path: string
  /** NDJSON. */
  readonly body?: Uint8Array
  readonly answerBytesMax: number
}

const backoffMsFirst = 500
const backoffMsMax = 30_000
const greetingBytesMax = 1_048_576

/** A client of one node. */
export class ElasticClient {
  readonly where: string
  readonly #url: URL
  readonly #options: ElasticOptions
  readonly #environment: ElasticEnvironment
  readonly #agent: HttpAgent
  readonly #headers: Record<string, string>

  /** Opens nothing yet. Throws PlanError ELASTIC_OPTIONS or SECRET. */
  constructor(options: ElasticOptions, environment: ElasticEnvironment) {
    this.#url = parseNode(options.node, environment.where)
    this.where = `${environment.where}: ${this.#url.origin}`
    this.#options = options
    this.#environment = environment
    const settings = { keepAlive: true, maxSockets: options.socketsMax }
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent({ ...settings, ca: options.tls?.ca, rejectUnauthorized: options.tls?.rejectUnauthorized }) : new HttpAgent(settings)
    this.#headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'millrace', ...authorization(options.auth, environment.where) }
  }

  /**
   * The JSON of a 2xx answer. Waits and asks again while the node is busy or breaks off, `retries` times. Throws ConnectorError ELASTIC_UNREACHABLE
   * (retryable), ELASTIC_TLS, ELASTIC_AUTH, ELASTIC_INDEX, ELASTIC_TOO_LARGE, ELASTIC_REJECTED or ELASTIC_PROTOCOL; CancelledError.
   */
  ask(call: ElasticCall): Promise<Json> {
    return this.retrying(attempts => this.askOnce(call, attempts))
  }

  /** One attempt of `ask`, the `attempts`th. Errors that may pass are retryable. */
  async askOnce(call: ElasticCall, attempts: number): Promise<Json> {
    const { status, body } = await this.#exchange(call, attempts)
    if (status === 413) throw new ConnectorError('ELASTIC_TOO_LARGE', `${this.where}: a request of ${call.body?.length ?? 0} bytes is too large; HTTP status 413; lower bulkBytes, or raise http.max_content_length of the node or the limit of the proxy`)
    if (status < 200 || status > 299) throw statusError(status, body, this.where, attempts)
    try {
      return JSON.parse(body.toString('utf8')) as Json
    } catch {
      throw elasticProtocol(this.where, `HTTP status ${status} with ${body.length} bytes that are no JSON`)
    }
  }

  /** Asks for the node's greeting. Throws as `ask` where it can't be reached or knows no such user; one that may only write is let pass. */
  async greet(): Promise<void> {
    await this.retrying(async attempts => {
      const { status, body } = await this.#exchange({ method: 'GET', path: '/', answerBytesMax: greetingBytesMax }, attempts)
      if (status === 401 || isBusy(status)) throw statusError(status, body, this.where, attempts)
    })
  }

  /**
   * Runs `task` until it gives a result or an error that won't pass, pausing between; after 1 + `retries` attempts without progress, throws the
   * last error. Throws CancelledError once the signal aborts. `hasProgressed` tells whether the last attempt came further than those before.
   */
  async retrying<T>(task: (attempts: number) => Promise<T>, hasProgressed: () => boolean = () => false): Promise<T> {
    const { clock, random, signal } = this.#environment
    for (let attempts = 1; ; attempts++) {
      if (signal.aborted) throw new CancelledError(this.where)
      try {
        return await task(attempts)
      } catch (thrown) {
        if (!(thrown instanceof ConnectorError && thrown.retryable)) throw thrown
        if (hasProgressed()) attempts = 1
        if (attempts > this.#options.retries) throw thrown
      }
      this.#environment.count('elasticRetries', 1)
      const ceiling = Math.min(backoffMsMax, backoffMsFirst * 2 ** (attempts - 1))
      await clock.sleep(ceiling / 2 + (random.float() * ceiling) / 2, signal)
    }
  }

  /** Closes idle sockets. Requests still under way end with their signal. */
  close(): void {
    this.#agent.destroy()
  }

  async #exchange(call: ElasticCall, attempts: number): Promise<{ status: number; body: Buffer }> {
    const { clock, signal } = this.#environment
    const stop = new AbortController()
    try {
      return await new Promise((resolve, reject) => {
        const request = this.#open(call)
        const fail = (thrown: unknown) => {
          reject(signal.aborted ? new CancelledError(this.where) : thrown instanceof ConnectorError ? thrown : socketError(asError(thrown), this.where, attempts))
          request.destroy()
        }
        request.on('error', fail)
        request.on('response', response => {
          readBody(response, call.answerBytesMax, this.where).then(body => resolve({ status: response.statusCode ?? 0, body }), fail)
        })
        request.end(call.body)
        void clock.sleep(this.#options.timeoutMs, stop.signal).then(() => {
          if (!stop.signal.aborted) fail(elasticUnreachable(this.where, `nothing whole within ${this.#options.timeoutMs} ms`, attempts))
        })
      })
    } finally {
      stop.abort()
    }
  }

  #open({ method, path, body }: ElasticCall): ClientRequest {
    const url = new URL(this.#url)
    const [pathname, search] = path.split('?')
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    return open({
      method,
      agent: this.#agent,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || undefined,
      path: `${url.pathname.replace(/\/+$/, '')}${pathname}${search === undefined ? '' : `?${search}`}`,
      headers: { ...this.#headers, ...(body && { 'content-type': 'application/x-ndjson', 'content-length': body.length }) },
      signal: this.#environment.signal,
    })
  }
}

function readBody(response: IncomingMessage, bytesMax: number, where: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    response.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes > bytesMax) reject(elasticProtocol(where, `more than ${bytesMax} bytes of answer`))
      else parts.push(part)
    })
    response.on('end', () => resolve(Buffer.concat(parts, bytes)))
    response.on('error', reject)
    response.on('close', () => reject(Object.assign(new Error('the connection broke off within the answer'), { code: 'ECONNRESET' })))
  })
}

function authorization(auth: ElasticAuth | undefined, where: string): Record<string, string> {
  if (!auth) return {}
  if ('apiKey' in auth) {
    const key = reveal(auth.apiKey, where)
    if (!/^[\x21-\x7e]+$/.test(key)) throw new PlanError('SECRET', `${where}: the API key holds spaces, line ends or other characters that no header takes; check the variable's value`)
    return { authorization: `ApiKey ${key}` }
  }
  const credentials = Buffer.from(`${auth.username}:${reveal(auth.password, where)}`, 'utf8').toString('base64')
  // Known as a secret too, so that an answer that echoes the header gives nothing away.
  reveal(credentials, where)
  return { authorization: `Basic ${credentials}` }
}
