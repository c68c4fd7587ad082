// A loopback web server of files with as many faults as a test wants, which counts what it was asked for and what it sent.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request; undefined: the file is sent as it should be. `nth` counts from 1. */
export type Fault = (request: IncomingMessage, response: ServerResponse, nth: number) => true | undefined

/** A request as it came, and the bytes of the body that was sent. */
export interface Asked {
  readonly path: string
  readonly range: string | undefined
  readonly headers: IncomingMessage['headers']
  bytes: number
}

/** Files by path; all may be changed at any time. */
export class RangeServer {
  files: Record<string, Uint8Array> = {}
  /** False ignores ranges. */
  ranges = true
  /** False knows no ranges that count from the end. */
  suffixes = true
  etag: string | undefined = '"1"'
  modified: string | undefined
  fault: Fault | undefined
  readonly asked: Asked[] = []
  readonly #server = createServer((request, response) => this.#answer(request, response))

  async open(): Promise<this> {
    await new Promise<void>(done => this.#server.listen(0, '127.0.0.1', done))
    return this
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`
  }

  /** Bytes of all bodies. */
  get bytes(): number {
    return this.asked.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(done => this.#server.close(done))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!
    const asked: Asked = { path, range: request.headers.range, headers: request.headers, bytes: 0 }
    this.asked.push(asked)
    if (this.fault?.(request, response, this.asked.length)) return
    const file = this.files[new URL(path, 'http://server').pathname]
    if (!file) {
      response.writeHead(404).end()
      return
    }
    const tags = { ...(this.etag && { etag: this.etag }), ...(this.modified && { 'last-modified': this.modified }) }
    const condition = request.headers['if-range']
    const sameVersion = condition === undefined || condition === this.etag || condition === this.modified
    const range = this.ranges && sameVersion ? this.#range(asked.range, file.length) : undefined
    if (range === 'none') response.writeHead(416, { ...tags, 'content-range': `bytes */${file.length}` }).end()
    else if (range) {
      asked.bytes = range[1] - range[0]
      response.writeHead(206, { ...tags, 'content-range': `bytes ${range[0]}-${range[1] - 1}/${file.length}`, 'content-length': asked.bytes }).end(file.subarray(...range))
    } else {
      asked.bytes = file.length
      response.writeHead(200, { ...tags, 'content-length': file.length }).end(file)
    }
  }

  #range(range: string | undefined, size: number): [number, number] | 'none' | undefined {
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
    if (first === undefined) return undefined
    if (first === '') return !this.suffixes || size === 0 ? 'none' : [Math.max(0, size - Number(last)), size]
    return Number(first) >= size ? 'none' : [Number(first), Math.min(size, Number(last) + 1)]
  }
}
