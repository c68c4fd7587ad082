// A client of WebSocket (RFC 6455) that only listens, but for what it says when it has connected: it comes back where the connection is lost, and asks a silent server whether it is there.
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { within } from '../base/clock.ts'
import { asError, ConnectorError, MillraceError } from '../base/errors.ts'
import { addressName } from './http-headers.ts'
import { Reconnect, type ReconnectEnvironment } from './reconnect.ts'
import { encodeFrame, frameKinds, FrameReader } from './web-socket-frames.ts'

/** How to reach the server. */
export interface WebSocketOptions {
  /** ws: or wss:. */
  readonly url: URL
  readonly headers: Headers
  /** Said when a connection is there, such as what to subscribe to. */
  readonly greetings: readonly string[]
  readonly messageBytesMax: number
  readonly retries: number
  readonly timeoutMs: number
  /** After so long a silence the server is asked; after twice that it is lost. */
  readonly silenceMs: number
}

interface OpenSocket {
  readonly socket: Socket
  readonly chunks: AsyncIterator<Buffer>
  readonly frames: FrameReader
}

const acceptKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Messages of one address. Nothing is read ahead of what is asked for, but for what the system holds. */
export class WebSocketClient {
  readonly #options: WebSocketOptions
  readonly #environment: ReconnectEnvironment
  readonly #reconnect: Reconnect
  readonly #name: string
  #open: OpenSocket | undefined

  constructor(options: WebSocketOptions, environment: ReconnectEnvironment) {
    this.#options = options
    this.#environment = environment
    this.#reconnect = new Reconnect(environment, options.retries)
    this.#name = `${environment.where}: ${addressName(options.url)}`
  }

  /** The next messages, perhaps none. Throws ConnectorError WEBSOCKET_UNREACHABLE, WEBSOCKET_PROTOCOL (retryable), WEBSOCKET_REFUSED, WEBSOCKET_TOO_LONG; CancelledError. */
  async next(): Promise<readonly Uint8Array[]> {
    try {
      this.#open ??= await this.#connect()
      const { socket, frames } = this.#open
      const messages: Uint8Array[] = []
      for (const event of frames.write(await this.#chunk())) {
        if (event.kind === 'message') messages.push(event.bytes)
        else if (event.kind === 'ping') socket.write(encodeFrame(frameKinds.pong, event.bytes))
        else if (event.kind === 'close') {
          socket.end(encodeFrame(frameKinds.close, new Uint8Array([3, 232])))
          this.close()
          if (messages.length === 0) throw this.#lost(`the server has closed the connection (${event.code})`)
          break
        }
      }
      if (messages.length > 0) this.#reconnect.held()
      return messages
    } catch (thrown) {
      this.close()
      if (thrown instanceof MillraceError && !(thrown instanceof ConnectorError)) throw thrown
      await this.#reconnect.failed(thrown instanceof ConnectorError ? thrown : this.#lost(asError(thrown).message))
      return []
    }
  }

  close(): void {
    this.#open?.socket.destroy()
    this.#open = undefined
  }

  async #chunk(): Promise<Buffer> {
    const { socket, chunks } = this.#open!
    const { clock } = this.#environment
    const { silenceMs } = this.#options
    const next = chunks.next()
    let got = await within(clock, silenceMs, next)
    if (!got) {
      socket.write(encodeFrame(frameKinds.ping, new Uint8Array(0)))
      got = await within(clock, silenceMs, next)
    }
    if (!got) {
      next.catch(() => {})
      throw this.#lost(`nothing came within ${2 * silenceMs} ms, and no answer to a ping`)
    }
    if (got.done) throw this.#lost('the connection has ended')
    return got.value
  }

  async #connect(): Promise<OpenSocket> {
    const { headers, timeoutMs, greetings, messageBytesMax } = this.#options
    const { clock, signal } = this.#environment
    const url = new URL(this.#options.url)
    url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:'
    const key = randomBytes(16).toString('base64')
    const sent = { ...Object.fromEntries(headers), connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key }
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { headers: sent, agent: false })
    const abort = () => request.destroy(new Error('the run has ended'))
    signal.addEventListener('abort', abort)
    try {
      const connected = new Promise<[Socket, Buffer]>((resolve, reject) => {
        request.on('error', reject)
        request.on('response', response => {
          response.destroy()
          const { statusCode = 0 } = response
          const isBusy = statusCode === 429 || statusCode >= 500
          reject(isBusy ? this.#lost(`HTTP status ${statusCode}`) : new ConnectorError('WEBSOCKET_REFUSED', `${this.#name}: HTTP status ${statusCode} in place of a change to WebSocket; check the address and the headers`))
        })
        request.on('upgrade', (response, socket, head) => {
          const wanted = createHash('sha1').update(key + acceptKey).digest('base64')
          if (response.headers['sec-websocket-accept'] === wanted && response.headers['sec-websocket-extensions'] === undefined) return resolve([socket as Socket, head])
          socket.destroy()
          reject(new ConnectorError('WEBSOCKET_PROTOCOL', `${this.#name}: the answer doesn't fit the key that was sent, or agrees on an extension that nobody asked for; this is no server of WebSocket`))
        })
        request.end()
      })
      const found = await within(clock, timeoutMs, connected)
      if (!found) {
        connected.then(([socket]) => socket.destroy(), () => {})
        request.destroy()
        throw this.#lost(`no answer within ${timeoutMs} ms`)
      }
      const [socket, head] = found
      socket.setNoDelay(true)
      if (head.length > 0) socket.unshift(head)
      for (const greeting of greetings) socket.write(encodeFrame(frameKinds.text, new TextEncoder().encode(greeting)))
      return { socket, chunks: (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator](), frames: new FrameReader(messageBytesMax, this.#name) }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #lost(why: string): ConnectorError {
    return new ConnectorError('WEBSOCKET_UNREACHABLE', `${this.#name}: ${why}; check the address and the network, or raise retries`, { retryable: true })
  }
}
