// The control channel over real sockets: what is asked comes through, and what nobody should send or keep waiting for costs little.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataError, PlanError } from '../../src/base/errors.ts'
import type { Json } from '../../src/base/json.ts'
import { random } from '../../src/base/random.ts'
import { askJob } from '../../src/connect/control-client.ts'
import { type ControlRequest, decodeReply, decodeRequest, encodeLine, replyBytesMax, requestBytesMax } from '../../src/connect/control-protocol.ts'
import { type ControlLimits, type ControlServer, listenForControl } from '../../src/connect/control-server.ts'

let folder: string
const closing: (() => Promise<unknown> | void)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await rm(folder, { recursive: true, force: true })
})

const pathOf = () => (process.platform === 'win32' ? `\\\\.\\pipe\\${folder.replace(/\W/g, '-')}` : join(folder, 's'))

async function serve(answer: (request: ControlRequest) => Promise<Json>, limits?: ControlLimits): Promise<ControlServer> {
  let rows = 0
  const server = await listenForControl(pathOf(), { answer, progress: () => ({ rowsRead: ++rows }) }, limits)
  closing.push(() => server.close())
  return server
}

/** Sends raw bytes and gives all that comes back until the server ends the connection. */
function raw(send: (socket: Socket) => void): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(pathOf())
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', data => (text += data))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.on('connect', () => send(socket))
  })
}

async function fakeServer(serveRaw: (socket: Socket) => void): Promise<void> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.resume()
    serveRaw(socket)
  })
  await new Promise<void>(resolve => server.listen(pathOf(), resolve))
  closing.push(() => new Promise(resolve => server.close(resolve)))
}

describe('a job that is asked', () => {
  it('answers each of the four requests', async () => {
    const heard: ControlRequest[] = []
    await serve(async request => {
      heard.push(request)
      return { ok: request.ask }
    })
    const asked: ControlRequest[] = [{ ask: 'status' }, { ask: 'savepoint', dir: folder }, { ask: 'stop' }, { ask: 'stop', savepoint: folder }, { ask: 'cancel' }]
    for (const request of asked) expect(await askJob(pathOf(), request)).toEqual({ ok: request.ask })
    expect(heard).toEqual(asked)
  })

  it('tells how it goes while it is at it', async () => {
    let finish: (value: Json) => void = () => {}
    await serve(() => new Promise(resolve => (finish = resolve)), { progressMs: 5 })
    const pictures: Json[] = []
    const answer = askJob(pathOf(), { ask: 'stop' }, {
      progress: picture => {
        pictures.push(picture)
        if (pictures.length === 3) finish('done')
      },
    })
    expect(await answer).toBe('done')
    expect(pictures.slice(0, 3)).toEqual([{ rowsRead: 1 }, { rowsRead: 2 }, { rowsRead: 3 }])
  })

  it('hands on what goes wrong as an error of its kind, without its stack', async () => {
    await serve(async request => {
      if (request.ask === 'stop') throw 'a text'
      throw new PlanError('SAVEPOINT_STATE', 'bids: the job keeps no state')
    })
    await expect(askJob(pathOf(), { ask: 'savepoint', dir: folder })).rejects.toSatisfy(
      error => error instanceof PlanError && error.code === 'SAVEPOINT_STATE' && error.message === 'bids: the job keeps no state',
    )
    await expect(askJob(pathOf(), { ask: 'stop' })).rejects.toThrow('a text')
    expect(await raw(socket => socket.write(encodeLine({ ask: 'status' })))).not.toContain('stack')
  })

  it('lets an answer leave when the job ends, and idle connections go', async () => {
    let finish: (value: Json) => void = () => {}
    let isAsked = () => {}
    const asked = new Promise<void>(resolve => (isAsked = resolve))
    const server = await serve(() => {
      isAsked()
      return new Promise(resolve => (finish = resolve))
    })
    const idle = raw(() => {})
    const answer = askJob(pathOf(), { ask: 'stop' })
    await asked
    const closed = server.close()
    expect(await idle).toBe('')
    finish('stopped')
    expect(await answer).toBe('stopped')
    await closed
    await expect(askJob(pathOf(), { ask: 'status' })).rejects.toMatchObject({ name: 'ConnectorError', code: 'CONTROL_GONE' })
  })

  it('is not kept from ending by an answer that never comes', async () => {
    let isAsked = () => {}
    const asked = new Promise<void>(resolve => (isAsked = resolve))
    const silent = () => {
      isAsked()
      return new Promise<Json>(() => {})
    }
    const server = await serve(silent, { closeMs: 20 })
    const answer = askJob(pathOf(), { ask: 'stop' }).catch(error => error)
    await asked
    await server.close()
    expect(await answer).toMatchObject({ code: 'CONTROL_LOST' })
  })

  it('says so when its socket can not be had', async () => {
    await expect(listenForControl(join(folder, 'no', 'such', 'folder'), { answer: async () => null, progress: () => null })).rejects.toMatchObject({ code: 'CONTROL_LISTEN' })
  })
})

describe('a job that is asked nonsense', () => {
  const answered = async () => 'yes'

  it.each([
    ['no JSON', 'hello', 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['null', 'null', 'no JSON object'],
    ['no version', '{"ask":"status"}', 'version nothing'],
    ['another version', '{"millrace":2,"ask":"status"}', 'version 2'],
    ['an unknown wish', '{"millrace":1,"ask":"explode"}', '"explode"'],
    ['a wish that is no text', '{"millrace":1,"ask":{"toString":1}}', 'nothing is known'],
    ['a relative folder', '{"millrace":1,"ask":"savepoint","dir":"a/b"}', 'no absolute path'],
    ['a folder that is none', '{"millrace":1,"ask":"stop","savepoint":7}', 'no absolute path'],
    ['a folder with a zero', '{"millrace":1,"ask":"savepoint","dir":"/a\\u0000b"}', 'no absolute path'],
    ['no folder', '{"millrace":1,"ask":"savepoint"}', 'found nothing'],
  ])('refuses %s', async (_, line, what) => {
    await serve(answered)
    const reply = JSON.parse(await raw(socket => socket.write(`${line}\n`)))
    expect(reply.failed).toMatchObject({ kind: 'DataError', code: 'CONTROL_REQUEST', message: expect.stringContaining(what) })
    expect(await askJob(pathOf(), { ask: 'status' })).toBe('yes')
  })

  it('reads no more than a request may have', async () => {
    await serve(answered, { requestMs: 200 })
    expect(JSON.parse(await raw(socket => socket.write('x'.repeat(requestBytesMax + 1)))).failed).toMatchObject({ code: 'CONTROL_LINE' })
    const flood = await raw(socket => {
      const pour = () => {
        while (!socket.destroyed && socket.write('y'.repeat(65_536)));
      }
      socket.on('drain', pour)
      pour()
    })
    expect(flood === '' || JSON.parse(flood).failed.code === 'CONTROL_LINE').toBe(true)
    expect(await askJob(pathOf(), { ask: 'status' })).toBe('yes')
  })

  it('refuses bytes that are no UTF-8, and looks at one line only', async () => {
    await serve(answered)
    expect(JSON.parse(await raw(socket => socket.write(Buffer.from([0x7b, 0xff, 10])))).failed).toMatchObject({ code: 'CONTROL_LINE' })
    const lines = await raw(socket => socket.write(`${encodeLine({ ask: 'status' })}nonsense\n${encodeLine({ ask: 'cancel' })}`))
    expect(lines).toBe('{"done":"yes"}\n')
  })

  it('waits only so long for a request, and takes it in pieces', async () => {
    await serve(answered, { requestMs: 50 })
    expect(JSON.parse(await raw(socket => socket.write('{"millrace":1,')))).toMatchObject({ failed: { code: 'CONTROL_SILENT' } })
    const line = encodeLine({ ask: 'status' })
    const pieces = await raw(async socket => {
      socket.setNoDelay(true)
      for (const character of line) await new Promise(resolve => socket.write(character, resolve))
    })
    expect(pieces).toBe('{"done":"yes"}\n')
  })

  it('takes only so many connections', async () => {
    await serve(answered, { connectionsMax: 2, requestMs: 100 })
    const held = [raw(() => {}), raw(() => {})]
    await new Promise(resolve => setTimeout(resolve, 20))
    await expect(askJob(pathOf(), { ask: 'status' })).rejects.toMatchObject({ code: 'CONTROL_LOST' })
    await Promise.all(held)
    expect(await askJob(pathOf(), { ask: 'status' })).toBe('yes')
  })

  it('decodes any bytes to a request or a typed error', () => {
    const chance = random(7)
    const whole = encodeLine({ ask: 'stop', savepoint: '/a/b' })
    for (let i = 0; i < 2_000; i++) {
      const characters = [...whole.trim()]
      for (let change = 0; change <= chance.int(3); change++) characters[chance.int(characters.length)] = String.fromCharCode(chance.int(128))
      for (const decode of [decodeRequest, decodeReply]) {
        try {
          decode(characters.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }
    }
  })
})

describe('a shell that asks', () => {
  it('does not believe what is no answer', async () => {
    const answers = ['nonsense\n', '{}\n', '{"failed":{"kind":1}}\n', '[]\n']
    await fakeServer(socket => socket.end(answers.shift()!))
    for (let i = 0; i < 4; i++) await expect(askJob(pathOf(), { ask: 'status' })).rejects.toMatchObject({ name: 'DataError', code: 'CONTROL_REPLY' })
  })

  it('keeps no line beyond the bound', async () => {
    await fakeServer(socket => {
      const pour = () => {
        while (!socket.destroyed && socket.write('z'.repeat(1 << 20)));
      }
      socket.on('drain', pour)
      pour()
    })
    await expect(askJob(pathOf(), { ask: 'status' })).rejects.toMatchObject({ code: 'CONTROL_LINE', message: expect.stringContaining(String(replyBytesMax)) })
  })

  it('gives up where nothing is said, where the connection breaks off, and when it is told to', async () => {
    await fakeServer(socket => void socket.once('data', data => data.toString().includes('cancel') && socket.end()))
    await expect(askJob(pathOf(), { ask: 'status' }, { silenceMs: 30 })).rejects.toMatchObject({ code: 'CONTROL_SILENT', retryable: true })
    await expect(askJob(pathOf(), { ask: 'cancel' })).rejects.toMatchObject({ code: 'CONTROL_LOST' })
    const controller = new AbortController()
    const answer = askJob(pathOf(), { ask: 'status' }, { signal: controller.signal })
    controller.abort()
    await expect(answer).rejects.toMatchObject({ name: 'CancelledError' })
    await expect(askJob(pathOf(), { ask: 'status' }, { signal: controller.signal })).rejects.toMatchObject({ name: 'CancelledError' })
  })

  it('knows when nobody listens', async () => {
    await expect(askJob(pathOf(), { ask: 'status' })).rejects.toMatchObject({ name: 'ConnectorError', code: 'CONTROL_GONE' })
  })
})
