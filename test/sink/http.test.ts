// write.http: rows as NDJSON, each request with a key under which it is made again with the same bytes, whoever is busy, breaks off or dies.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closeEngines, type Frame, from, generate, secret, source, write } from '../../src/index.ts'
import { httpSink } from '../../src/sink/http.ts'

interface Taken {
  readonly key: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

const dir = mkdtempSync(join(tmpdir(), 'millrace-http-'))
let taken: Taken[] = []
/** What becomes of a request: it is answered here, or not at all; taken, and its answer lost; or, where this gives undefined, taken. */
let fault: (response: ServerResponse, nth: number) => 'answered' | 'lost' | undefined = () => undefined
let asked = 0
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const fate = fault(response, ++asked)
    if (fate === 'answered') return
    taken.push({ key: String(request.headers['idempotency-key']), body: Buffer.concat(parts).toString(), headers: request.headers })
    if (fate === 'lost') response.socket!.destroy()
    else response.writeHead(204).end()
  })
})
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/rows?token=x`
beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
beforeEach(() => {
  taken = []
  asked = 0
  fault = () => undefined
})
afterAll(async () => {
  await closeEngines()
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true })
})

const rowsOf = (bodies: readonly Taken[]) => bodies.flatMap(({ body }) => body.trimEnd().split('\n').map(line => JSON.parse(line) as { id: number; text: string }))
const rows = from(Array.from({ length: 500 }, (_, id) => ({ id, text: `text ${id} ${'ü'.repeat(id % 20)}` })), { schema: { id: 'int32', text: 'utf8' } }) as Frame

describe('write.http', () => {
  it('sends bodies of a size, rows whole, with headers and keys of their own', async () => {
    process.env['HTTP_SINK_TOKEN'] = 'Bearer 12345'
    await rows.to(write.http(url(), { bodyBytes: 1_000, headers: { authorization: secret('HTTP_SINK_TOKEN') } })).run({ workers: 0, batchRows: 33 })
    expect(rowsOf(taken).map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, id) => id))
    expect(taken.length).toBeGreaterThan(15)
    expect(Math.max(...taken.map(({ body }) => Buffer.byteLength(body)))).toBeLessThanOrEqual(1_000)
    expect(new Set(taken.map(({ key }) => key)).size).toBe(taken.length)
    expect(taken[0]!.headers).toMatchObject({ 'content-type': 'application/x-ndjson', authorization: 'Bearer 12345' })
    const again = taken.map(({ key }) => key)
    await rows.to(write.http(url(), { bodyBytes: 1_000 })).run({ workers: 0 })
    expect(taken.slice(again.length).some(({ key }) => again.includes(key))).toBe(false)
  })

  it('has a longer row in a body for itself', async () => {
    await (from([{ t: 'a' }, { t: 'b'.repeat(100) }, { t: 'c' }]) as Frame).to(write.http(url(), { bodyBytes: 20 })).run({ workers: 0 })
    expect(taken.map(({ body }) => body.length)).toEqual([10, 109, 10])
  })

  it('asks again where the receiver is busy or breaks off, with the same bytes under the same key', async () => {
    const faults: ((response: ServerResponse) => unknown)[] = [
      response => response.writeHead(503, { 'retry-after': '0' }).end('later'),
      response => response.socket!.destroy(),
      response => response.writeHead(429, { 'retry-after': '0' }).end(),
    ]
    fault = (response, nth) => {
      faults[nth - 1]?.(response)
      return nth <= 3 ? 'answered' : undefined
    }
    const run = await rows.limit(3).to(write.http(url())).run({ workers: 0 })
    expect(rowsOf(taken)).toHaveLength(3)
    expect(run.metrics().counts).toMatchObject({ httpRetries: 3 })
  })

  it.each([
    [400, 'HTTP_REFUSED', /HTTP status 400: no such column; the receiver won't take these rows/],
    [302, 'HTTP_REDIRECT', /HTTP status 302 leads elsewhere/],
    [500, 'HTTP_BUSY', /HTTP status 500: no such column; the receiver is busy or broken/],
  ])('ends the job with status %i, and shows no query', async (status, code, message) => {
    fault = response => {
      response.writeHead(status).end('no such column')
      return 'answered'
    }
    await expect(rows.to(write.http(url(), { retries: 0 })).run({ workers: 0 })).rejects.toMatchObject({ name: 'ConnectorError', code, message: expect.stringMatching(message) })
    await expect(rows.to(write.http(url(), { retries: 0 })).run({ workers: 0 })).rejects.toMatchObject({ message: expect.not.stringContaining('token') })
  })

  it('waits no longer than it is told to, and says where nobody listens', async () => {
    fault = () => 'answered'
    await expect(rows.to(write.http(url(), { retries: 0, timeout: 30 })).run({ workers: 0 })).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE', message: expect.stringContaining('no answer within 30 ms') })
    await expect(rows.to(write.http('http://127.0.0.1:9/', { retries: 0 })).run({ workers: 0 })).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' })
  })

  it('shows each row once to a receiver that knows the keys, over deaths of the job', async () => {
    const numbers = source({
      name: 'numbers', schema: { id: 'int32' }, start: 0, bounded: true,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (; position < 400; ) {
          await new Promise(resolve => setTimeout(resolve, 1))
          const at = position
          yield { rows: [{ id: at }, { id: at + 1 }], position: (position += 2) }
        }
      },
    })
    const byKey = new Map<string, string>()
    for (let life = 0; ; life++) {
      // Some requests are taken, and their answer is lost.
      fault = (_, nth) => (life < 5 && nth % 5 === 3 ? 'lost' : undefined)
      const run = await (from(numbers) as Frame).to(write.http(url(), { retries: life > 4 ? 3 : 0 })).start({ name: 'http', workers: 0, checkpoint: { dir, every: 10 } })
      const ended = await run.done.then(() => true, () => false)
      if (ended) break
      expect(life).toBeLessThan(40)
    }
    for (const { key, body } of taken) {
      expect(byKey.get(key) ?? body).toBe(body)
      byKey.set(key, body)
    }
    const ids = [...byKey.values()].flatMap(body => body.trimEnd().split('\n').map(line => (JSON.parse(line) as { id: number }).id))
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, id) => id))
  })

  it('refuses an epoch that a checkpoint can’t hold', async () => {
    const many = generate.columns({ text: generate.constant('x'.repeat(1_000)) }, { rows: 80_000 }) as Frame
    await expect(many.to(write.http(url())).run({ workers: 0, checkpoint: { dir: join(dir, 'large'), every: '1h' } })).rejects.toMatchObject({ code: 'HTTP_EPOCH', message: expect.stringContaining('make checkpoints more often') })
    expect(taken).toEqual([])
  })

  it.each([
    ['ftp://x/', {}, /ftp:\/\/x\/ is no address that begins with http:/],
    ['nowhere', {}, /"nowhere" is no address/],
    ['http://me:pass@x/', {}, /holds a user or password/],
    ['http://x/', { retries: -1 }, /retries is -1/],
    ['http://x/', { bodyBytes: 0 }, /bodyBytes is 0/],
    ['http://x/', { timeout: 0 }, /timeout is 0/],
    ['http://x/', { retry: 1 }, /no option "retry"/],
  ])('refuses %s with %j', (address, options, message) => {
    expect(() => httpSink.check({ url: address, ...options } as never, [{ name: 'id', type: { kind: 'bool' }, nullable: false }], 'write.http')).toThrow(message)
  })
})
