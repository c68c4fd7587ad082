// read.sse and read.webSocket: events as they happen, over lost connections and deaths of the job, and what servers may do that they shouldn't.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { frameKinds, FrameReader } from '../../src/connect/web-socket-frames.ts'
import { closeEngines, type Frame, read, sink } from '../../src/index.ts'
import { serverEventsFeed, webSocketFeed } from '../../src/source/network-events.ts'
import { CommittedRows } from '../support/committed-rows.ts'
import { serverFrame, webSocketServer } from '../support/web-socket-server.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-events-'))
const servers: { close(): void }[] = []
afterAll(async () => {
  await closeEngines()
  for (const server of servers) server.close()
  rmSync(root, { recursive: true })
})

const schema = { id: 'int32' } as const
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function sseServer(answer: (request: IncomingMessage, response: ServerResponse, nth: number) => void): Promise<string> {
  let nth = 0
  const server = createServer((request, response) => answer(request, response, ++nth))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push({
    close() {
      server.closeAllConnections()
      server.close()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events?key=x`
}

/** A job that commits the ids it is given. */
async function job(frame: unknown, rows = new CommittedRows('id'), dir = mkdtempSync(join(root, 'state-'))) {
  const run = await (frame as Frame).to(rows.sink()).start({ name: 'events', workers: 0, checkpoint: { dir, every: 10 } })
  run.done.catch(() => {})
  return { run, given: rows.given, stop: (drain: boolean) => run.stop({ drain }).catch(() => {}) }
}

const eventHead = { 'content-type': 'text/event-stream; charset=utf-8' }

describe('read.sse', () => {
  it('gives each event once of a server that keeps them, over lost connections and deaths', async () => {
    const chance = random(Number(process.env['SEED'] ?? 2))
    const seenIds: (string | undefined)[] = []
    const url = await sseServer((request, response, nth) => {
      const lastId = request.headers['last-event-id'] as string | undefined
      seenIds.push(lastId)
      if (nth % 4 === 2) return void response.writeHead(503).end()
      response.writeHead(200, eventHead)
      response.write('retry: 1\n\n')
      const end = Number(lastId ?? 0) + 1 + chance.int(40)
      for (let id = Number(lastId ?? 0) + 1; id <= Math.min(end, 200); id++) response.write(`id: ${id}\nevent: ${id % 10 === 0 ? 'other' : 'tick'}\ndata: {"id":\ndata: ${id}}\n\n`)
      response.write('data: {"id": -1')
      if (end < 200) setTimeout(() => response.destroy(), 15)
    })
    const rows = new CommittedRows('id')
    for (let life = 0; life < 4; life++) {
      const { run, given, stop } = await job(read.sse(url, { schema, event: 'tick', retries: 100 }), rows, join(root, 'sse'))
      const wanted = life < 3 ? Math.min(180, given.length + 1 + chance.int(40)) : 180
      while (given.length < wanted) await Promise.race([pause(2), run.done])
      await stop(life % 2 === 1)
    }
    expect(rows.given).toEqual(Array.from({ length: 200 }, (_, i) => i + 1).filter(id => id % 10 !== 0))
    expect(seenIds[0]).toBeUndefined()
  })

  it('ends where the server says that there is no more', async () => {
    const url = await sseServer((_, response, nth) => {
      if (nth > 1) return void response.writeHead(204).end()
      response.writeHead(200, eventHead).end('retry: 1\ndata: {"id": 4}\n\n')
    })
    const { run, given } = await job(read.sse(url, { schema }))
    await run.done
    expect(given).toEqual([4])
  })

  it('asks for no more than the job takes', async () => {
    let sent = 0
    const url = await sseServer((_, response) => {
      response.writeHead(200, eventHead)
      const more = () => {
        while (sent < 200_000 && response.write(`data: {"id": ${sent++}, "text": "${'x'.repeat(1_000)}"}\n\n`));
        if (sent < 200_000) response.once('drain', more)
      }
      more()
    })
    const slow = sink({ name: 'slow', delivery: 'append', write: () => pause(3_600_000) as Promise<void> })
    const run = await (read.sse(url, { schema }) as Frame).to(slow).start({ workers: 0, batchRows: 10 })
    await pause(500)
    const before = sent
    await pause(300)
    expect(sent).toBe(before)
    expect(sent).toBeLessThan(100_000)
    run.done.catch(() => {})
    void run.stop({ drain: false })
  })

  it.each([
    ['a page', 'SSE_PROTOCOL', /answers with text\/html, and events are text\/event-stream/, (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['no such page', 'SSE_REFUSED', /HTTP status 404; check the address/, (response: ServerResponse) => response.writeHead(404).end()],
    ['another place', 'SSE_REFUSED', /HTTP status 301; give the address/, (response: ServerResponse) => response.writeHead(301, { location: '/' }).end()],
    ['nothing but trouble', 'SSE_UNREACHABLE', /HTTP status 500/, (response: ServerResponse) => response.writeHead(500).end()],
    ['a broken connection', 'SSE_UNREACHABLE', /check the address and the network/, (response: ServerResponse) => response.destroy()],
    ['an endless event', 'EVENT_TOO_LONG', /more than 1.0 MiB and no end/, (response: ServerResponse) => response.writeHead(200, eventHead).end(`data: ${'x'.repeat(1_100_000)}`)],
  ])('ends the job with %s', async (_, code, message, answer) => {
    const url = await sseServer((__, response) => void answer(response))
    const { run } = await job(read.sse(url, { schema, retries: 1 }))
    await expect(run.done).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await expect(run.done).rejects.toMatchObject({ message: expect.not.stringContaining('key=x') })
  })

  it('refuses what is no address', () => {
    expect(() => serverEventsFeed.resolve({ url: 'ws://x/' }, 'read.sse')).toThrow(/ws:\/\/x\/ is no address that begins with http:\/\/ or https:\/\//)
    expect(() => serverEventsFeed.resolve({ url: 'http://x/', retries: -1 }, 'read.sse')).toThrow(/retries is -1/)
    expect(() => webSocketFeed.resolve({ url: 'http://x/' }, 'read.webSocket')).toThrow(/begins with ws:/)
    expect(() => webSocketFeed.resolve({ url: 'ws://x/', greetings: [1] as never }, 'read.webSocket')).toThrow(/greetings are texts/)
    expect(() => webSocketFeed.resolve({ url: 'ws://x/', silence: 0 }, 'read.webSocket')).toThrow(/silence is 0/)
  })
})

describe('read.webSocket', () => {
  const text = (id: number) => serverFrame(frameKinds.text, Buffer.from(`{"id": ${id}}`))

  it('gives messages, says what it should when it connects, answers pings, and comes back', async () => {
    const said: string[] = []
    const pongs: number[] = []
    const server = await webSocketServer((socket, request, nth) => {
      expect(request.headers['authorization']).toBe('Bearer x')
      // What clients send is masked: it is read without its masks here.
      socket.on('data', (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; ) {
          const [kind, length] = [bytes[at]! & 15, bytes[at + 1]! & 127]
          const mask = bytes.subarray(at + 2, at + 6)
          const payload = bytes.subarray(at + 6, at + 6 + length).map((byte, i) => byte ^ mask[i & 3]!)
          if (kind === frameKinds.pong) {
            pongs.push(nth)
            if (nth === 1) socket.destroy()
            if (nth === 2) socket.write(serverFrame(frameKinds.close, Buffer.from([3, 232])))
          }
          if (kind === frameKinds.text) said.push(Buffer.from(payload).toString())
          at += 6 + length
        }
      })
      socket.write(Buffer.concat([text(10 * nth), serverFrame(frameKinds.ping, Buffer.from('?')), serverFrame(frameKinds.text, Buffer.from('{"id"'), false), serverFrame(frameKinds.continuation, Buffer.from(`: ${10 * nth + 1}}`))]))
    })
    servers.push(server)
    const { given, stop } = await job(read.webSocket(server.url, { schema, greetings: ['subscribe'], headers: { authorization: 'Bearer x' } }))
    while (given.length < 6) await pause(5)
    expect(given).toEqual([10, 11, 20, 21, 30, 31])
    while (pongs.length < 3) await pause(5)
    expect(said).toEqual(['subscribe', 'subscribe', 'subscribe'])
    await stop(true)
  })

  it('takes a server for lost that is silent and answers no ping', async () => {
    let pings = 0
    const server = await webSocketServer((socket, _, nth) => {
      socket.on('data', bytes => {
        if ((bytes[0]! & 15) === frameKinds.ping) pings++
      })
      if (nth > 1) socket.write(text(nth))
    })
    servers.push(server)
    const { given, stop } = await job(read.webSocket(server.url, { schema, silence: 30 }))
    while (given.length === 0) await pause(5)
    expect(given[0]).toBe(2)
    expect(pings).toBeGreaterThan(0)
    await stop(true)
  })

  it.each([
    ['a page in place of it', undefined, 'WEBSOCKET_REFUSED', /HTTP status 404 in place of a change/, 'HTTP/1.1 404 Not Found\r\n\r\n'],
    ['a wrong key', undefined, 'WEBSOCKET_PROTOCOL', /doesn't fit the key/, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: x\r\n\r\n'],
    ['a busy server', undefined, 'WEBSOCKET_UNREACHABLE', /HTTP status 503/, 'HTTP/1.1 503 Busy\r\n\r\n'],
    ['a message beyond the limit', serverFrame(frameKinds.text, Buffer.alloc(2_000_000)), 'WEBSOCKET_TOO_LONG', /2000000 bytes or more, and 1.0 MiB are allowed/, undefined],
    ['nonsense', Buffer.from([0xff, 0xff, 0xff]), 'WEBSOCKET_PROTOCOL', /an extension that was not agreed on/, undefined],
  ])('ends the job with %s', async (_, bytes, code, message, answer) => {
    const server = await webSocketServer(socket => void socket.write(bytes!), () => answer)
    servers.push(server)
    const { run } = await job(read.webSocket(server.url, { schema, retries: 1 }))
    await expect(run.done).rejects.toMatchObject({ name: 'ConnectorError', code, message: expect.stringMatching(message) })
  })

  it('reads what it could have sent itself only where it isn’t masked', () => {
    expect(new FrameReader(100, 'test').write(text(1))).toHaveLength(1)
  })
})
