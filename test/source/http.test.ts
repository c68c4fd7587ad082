// read.http: rows that others send, kept in a topic before they are answered, or in memory with a promise that says so; and what hostile clients get.
import { request as httpRequest } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, type Frame, read, secret, topic } from '../../src/index.ts'
import { httpFeed } from '../../src/source/http.ts'
import { linesOf } from '../../src/source/record-queue.ts'
import { CommittedRows } from '../support/committed-rows.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-http-'))
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})

const schema = { id: 'int32' } as const
const ndjson = { 'content-type': 'application/x-ndjson' }
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const body = (...ids: number[]) => ids.map(id => `{"id": ${id}}\n`).join('')

/** A job over what is sent, with the rows that it has committed. */
async function listening(options: object, { rows = new CommittedRows('id'), checkpoint = mkdtempSync(join(root, 'state-')), hold }: { rows?: CommittedRows; checkpoint?: string; hold?: Promise<void> } = {}) {
  let url = ''
  const { given } = rows
  const frame = read.http({ port: 0, schema, listening: at => void (url = at), ...options }) as Frame
  const run = await frame.to(rows.sink(hold)).start({ name: 'http', workers: 0, checkpoint: { dir: checkpoint, every: 10 } })
  run.done.catch(() => {})
  const until = async (count: number) => {
    while (given.length < count) await pause(2)
    return given
  }
  return { run, url, given, until, post: (text: string | Buffer, headers: object = {}) => fetch(url, { method: 'POST', body: text as string, headers: { ...ndjson, ...headers } }) }
}

describe('read.http', () => {
  it('answers with 202 and gives the rows', async () => {
    const { run, url, until, post } = await listening({ path: '/rows', metadata: ['timestamp'] })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/rows$/)
    const response = await post(`${body(1, 2)}\r\n   \n{"id": 3}`)
    expect([response.status, await response.json()]).toEqual([202, { records: 3 }])
    expect((await post('')).status).toBe(202)
    expect(await until(3)).toEqual([1, 2, 3])
    await run.stop({ drain: true })
    await expect(post(body(4))).rejects.toThrow()
  })

  it('answers with 200 when rows are in the topic, from which every one is read once, over deaths', async () => {
    const options = { topic: topic('inbox', { dir: join(root, 'log'), partitions: 3 }) }
    const checkpoint = join(root, 'durable')
    const rows = new CommittedRows('id')
    let sent = 0
    for (let life = 0; life < 4; life++) {
      const { run, until, post } = await listening(options, { rows, checkpoint })
      for (let i = 0; i < 10; i++) expect((await post(body(sent++, sent++))).status).toBe(200)
      if (life === 3) await until(sent)
      await run.stop({ drain: life > 1 }).catch(() => {})
      await run.done.catch(() => {})
    }
    expect((rows.given as number[]).sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, id) => id))
  })

  it('holds senders back while the job can’t take more', async () => {
    let go = () => {}
    const hold = new Promise<void>(resolve => (go = resolve))
    const { run, until, post } = await listening({ queueBytes: 4_000 }, { hold })
    let taken = 0
    let refused: Response | undefined
    for (let i = 0; i < 2_000 && !refused; i++) {
      const response = await post(body(...Array.from({ length: 20 }, () => taken++)))
      if (response.status === 503) {
        refused = response
        taken -= 20
      }
    }
    expect(refused?.headers.get('retry-after')).toBe('1')
    go()
    expect(await until(taken)).toEqual(Array.from({ length: taken }, (_, id) => id))
    expect((await post(body(taken))).status).toBe(202)
    await run.stop({ drain: true })
  })

  it('refuses what is no row for it', async () => {
    process.env['HTTP_SOURCE_TOKEN'] = 'sesame'
    const { run, url, given, post } = await listening({ token: secret('HTTP_SOURCE_TOKEN'), bodyBytes: 100, path: '/in' })
    const auth = { authorization: 'Bearer sesame' }
    const statuses = {
      'no token': (await post(body(1))).status,
      'another token': (await post(body(1), { authorization: 'Bearer open' })).status,
      'a long body': (await post(body(...Array.from({ length: 20 }, (_, i) => i)), auth)).status,
      'a text': (await post(body(1), { ...auth, 'content-type': 'text/plain' })).status,
      'a packed body': (await post(body(1), { ...auth, 'content-encoding': 'gzip' })).status,
      'another method': (await fetch(url, { headers: auth })).status,
      'another path': (await fetch(`${url}/x`, { method: 'POST', headers: { ...auth, ...ndjson } })).status,
      'another host': await new Promise(resolve => httpRequest(url, { method: 'POST', headers: { ...auth, ...ndjson, host: 'evil.example' } }, response => resolve(response.statusCode)).end(body(1))),
      // Without a length that would tell: refused as it comes, and cut off.
      'a body without an end': await new Promise(resolve => {
        const sent = httpRequest(url, { method: 'POST', headers: { ...auth, ...ndjson, 'transfer-encoding': 'chunked' } }, response => resolve(response.statusCode))
        sent.on('error', () => {})
        sent.write('x'.repeat(150))
      }),
      'a right one': (await post(body(7), auth)).status,
    }
    expect(statuses).toEqual({
      'no token': 401, 'another token': 401, 'a long body': 413, 'a text': 415, 'a packed body': 415, 'another method': 405, 'another path': 404, 'another host': 421, 'a body without an end': 413, 'a right one': 202,
    })
    while (given.length < 1) await pause(2)
    expect(given).toEqual([7])
    await run.stop({ drain: true })
  })

  it('lives through clients that break off, and through nonsense', async () => {
    const { run, url, until, post } = await listening({})
    const { port } = new URL(url)
    for (const text of ['POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 100\r\n\r\n{"id": 1}\n', '\0\0\0\r\n\r\n', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`]) {
      await new Promise<void>(resolve => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(text, () => setTimeout(() => socket.destroy(), 10)))
        socket.on('error', () => {})
        socket.on('close', () => resolve())
      })
    }
    expect((await post(body(5))).status).toBe(202)
    expect(await until(1)).toEqual([5])
    await run.stop({ drain: true })
  })

  it('says when its port is taken, and gives it back', async () => {
    const { run, url } = await listening({})
    const port = Number(new URL(url).port)
    await expect(listening({ port })).rejects.toMatchObject({ code: 'HTTP_LISTEN', message: expect.stringContaining(`127.0.0.1:${port} can't be listened on`) })
    await run.stop({ drain: true })
    const again = await listening({ port })
    await again.run.stop({ drain: true })
  })

  it.each([
    [{ port: -1 }, /port is -1/],
    [{ path: 'rows' }, /path is "rows"; begin it with \//],
    [{ host: '0.0.0.0' }, /others on the network could send rows to 0\.0\.0\.0 without a token/],
    [{ topic: { name: 'x' } }, /topic "x" is in memory, and rows in it are not durable/],
    [{ bodyBytes: 0 }, /give 1 or more/],
  ])('refuses %j', (options, message) => {
    expect(() => httpFeed.resolve({ port: 0, ...options } as never, 'read.http')).toThrow(message)
  })
})

it('linesOf gives the lines that hold anything', () => {
  const texts = (text: string) => linesOf(Buffer.from(text)).map(line => Buffer.from(line).toString())
  expect(texts('a\r\n\n \t\nb\n\r\nc')).toEqual(['a', 'b', 'c'])
  expect(texts('')).toEqual([])
  expect(texts('\n')).toEqual([])
})
