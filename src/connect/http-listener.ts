// A listener for rows over HTTP: POST of NDJSON to one path. Sizes are checked before anything is kept, slow and endless clients cost a bounded amount of memory and time, and pages of
// other origins can't reach a listener on this machine through its user's browser.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConnectorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import { isLoopback } from './http-headers.ts'

/** Where is listened, and what for. */
export interface HttpListenerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly path: string
  /** Asked of every request as `authorization: Bearer …`. */
  readonly token?: string
  /** Of one request. */
  readonly bodyBytesMax: number
  readonly where: string
}

/** What becomes of a body. `records`: rows that were taken. */
export type HttpTaken = { readonly status: 200 | 202; readonly records: number } | { readonly status: 503 | 500 }

/** A listener at work. */
export interface HttpListener {
  /** `http://127.0.0.1:8080/rows`. */
  readonly url: string
  close(): Promise<void>
}

const connectionsMax = 256
const requestMs = 30_000
const headersMs = 10_000
/** Bodies that are being read, all together. */
const openBytesMax = 64 << 20
const retryAfterS = 1
const contentTypes = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines', 'application/json'])

/** Begins to listen; `take` gets whole bodies. Throws ConnectorError HTTP_LISTEN. */
export async function listenForRows(options: HttpListenerOptions, take: (body: Buffer) => Promise<HttpTaken>): Promise<HttpListener> {
  const { host, port, path, where } = options
  const open = { bytes: 0 }
  const server = createServer({ requestTimeout: requestMs, headersTimeout: headersMs, keepAliveTimeout: headersMs, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 }, (request, response) => {
    const refusal = refusalOf(request, options)
    if (refusal) return answer(request, response, ...refusal)
    receive(request, options.bodyBytesMax, open)
      .then(async body => {
        if (typeof body === 'number') return answer(request, response, body, bodyRefusals[body]!(options))
        const taken = await take(body)
        if ('records' in taken) answer(request, response, taken.status, `{"records":${taken.records}}\n`)
        else answer(request, response, taken.status, taken.status === 503 ? 'busy; send it again later\n' : 'the rows could not be kept; look at the log of the job\n')
      })
      .catch(() => response.destroy())
  })
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => reject(new ConnectorError('HTTP_LISTEN', `${where}: ${host}:${port} can't be listened on (${cause.message}); give another port, or 0 for a free one`, { cause, retryable: true })))
    server.listen(port, host, resolve)
  })
  server.on('error', () => {})
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${name}:${(server.address() as AddressInfo).port}${path}`,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const bodyRefusals: Record<number, (options: HttpListenerOptions) => string> = {
  413: ({ bodyBytesMax }) => `a body has at most ${formatBytes(bodyBytesMax)}; send several\n`,
  503: () => 'busy; send it again later\n',
}

// What is wrong with a request before its body is looked at.
function refusalOf(request: IncomingMessage, { host, path, token, bodyBytesMax }: HttpListenerOptions): [status: number, text: string] | undefined {
  const { headers } = request
  // A name of another site that leads to this machine would let that site's pages in.
  if (isLoopback(host) && !isLoopback((headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, ''))) return [421, 'this listener is for this machine\n']
  if (request.url?.split('?')[0] !== path) return [404, `rows go to ${path}\n`]
  if (token !== undefined && !isSame(headers.authorization ?? '', `Bearer ${token}`)) return [401, 'authorization: Bearer and the token of the listener are missing\n']
  if (request.method !== 'POST') return [405, 'rows are sent by POST\n']
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  // Pages of other origins may send text without asking, and this is none.
  if (!contentTypes.has(type)) return [415, 'content-type must be application/x-ndjson: an object of JSON a line\n']
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') return [415, 'bodies must not be packed\n']
  if (Number(headers['content-length'] ?? 0) > bodyBytesMax) return [413, `a body has at most ${formatBytes(bodyBytesMax)}; send several\n`]
  return undefined
}

// In a time that doesn't tell how much of it is right.
function isSame(a: string, b: string): boolean {
  const [left, right] = [a, b].map(text => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(left, right)
}

// The whole body, or the status that refuses it. Rejects where it breaks off.
function receive(request: IncomingMessage, bytesMax: number, open: { bytes: number }): Promise<Buffer | number> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    const end = (result: Buffer | number) => {
      open.bytes -= bytes
      bytes = 0
      request.removeAllListeners('data')
      resolve(result)
    }
    request.on('data', (part: Buffer) => {
      bytes += part.length
      open.bytes += part.length
      if (bytes > bytesMax) end(413)
      else if (open.bytes > openBytesMax) end(503)
      else parts.push(part)
    })
    request.on('end', () => end(Buffer.concat(parts)))
    request.on('error', reject)
    request.on('close', () => {
      open.bytes -= bytes
      bytes = 0
      reject(new Error('the request broke off'))
    })
  })
}

// What was refused unread ends its connection.
function answer(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  const isWhole = request.complete
  const headers = {
    'content-type': status === 200 || status === 202 ? 'application/json' : 'text/plain',
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'POST' }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(status === 503 && { 'retry-after': String(retryAfterS) }),
    ...(!isWhole && { connection: 'close' }),
  }
  response.writeHead(status, headers).end(text, () => {
    if (!isWhole) request.destroy()
  })
}
