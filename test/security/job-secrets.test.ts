// Whole jobs with a planted secret, one that ends well and one that fails: nothing that they write, log, throw or show has its text.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { secret } from '../../src/base/secret.ts'
import { count } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { fromData, source } from '../../src/frame/from.ts'
import { job } from '../../src/frame/job.ts'
import type { JobOptions } from '../../src/frame/run.ts'
import { tumble } from '../../src/frame/windows.ts'
import { write } from '../../src/frame/write.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

const variable = 'MILLRACE_TEST_JOB_SECRET'
const planted = 'qu1et-as-a-m1llpond-7713'
const forms = [planted, Buffer.from(planted).toString('base64').slice(0, -2), Buffer.from(planted).toString('hex'), encodeURIComponent(planted)]

/** Fails if any form of the secret is in there, and names where. */
function expectAbsent(what: string, haystack: string | Uint8Array): void {
  const text = typeof haystack === 'string' ? haystack : Buffer.from(haystack).toString('latin1')
  for (const form of forms) expect(text.includes(form), `${what} has the secret`).toBe(false)
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
}

/** An error with its causes, stacks and hidden properties. */
function everything(error: unknown): string {
  const { message, stack, cause } = error as Error
  return [message, stack, inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), cause ? everything(cause) : ''].join('\n')
}

let folder: string
let calls: unknown[]
const logger = { info: (...call: unknown[]) => void calls.push(call), error: (...call: unknown[]) => void calls.push(call) }
beforeAll(() => void (process.env[variable] = planted))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-secret-'))
  calls = []
  return () => rmSync(folder, { recursive: true })
})
afterAll(async () => {
  delete process.env[variable]
  await closeEngines()
})

/** Twenty events in two splits; with `breakAt` the source throws there. */
function events(breakAt = 20): FrameValue {
  const events = source({
    name: 'events',
    schema: { id: 'int32', at: 'timestamp[ms]' },
    start: 0,
    bounded: true,
    splits: () => [{ id: '0' }],
    async *read(_split, position) {
      for (let n = position; n < 20; n++) {
        if (n === breakAt) throw new Error(`login as etl with ${planted} was refused`)
        yield { rows: [{ id: n, at: n * 100 }], position: n + 1 }
      }
    },
  })
  return fromData(events)
    .watermark('at', { bound: 0 })
    .groupBy('id', tumble('at', '1s'))
    .agg({ n: count() })
}

const options = (): JobOptions => ({
  name: 'guarded',
  checkpoint: { dir: join(folder, 'state'), every: '1h', encrypt: secret(variable) },
  audit: join(folder, 'audit'),
  logger,
})
const files = (frame: FrameValue) => frame.to(write.ndjson(join(folder, 'out/'), { token: secret(variable) } as object))

describe('the secret of a job', () => {
  it('that ends well is in nothing that it leaves', async () => {
    const run = await files(events()).run(options())
    const written = filesUnder(folder)
    expect(written.some(path => path.includes('state'))).toBe(true)
    expect(written.some(path => path.includes('audit'))).toBe(true)
    for (const path of written) expectAbsent(path, readFileSync(path))
    expect(calls.length).toBeGreaterThanOrEqual(2)
    expectAbsent('a log', inspect(calls, { depth: 20, showHidden: true }) + JSON.stringify(calls))
    expectAbsent('metrics', JSON.stringify(run.metrics()))
    expectAbsent('the run', inspect(run, { depth: 4, showHidden: true }))
    expectAbsent('explain', events().filter(col('n').gt(0)).explain())
    expectAbsent('the plan', JSON.stringify(buildPlan(files(events()).roots).plan))
  })

  it('that fails is in no error, log, audit entry or file, even where the user’s code threw it', async () => {
    const failure = await files(events(13)).run(options()).catch(error => error)
    expect(failure).toMatchObject({ code: 'USER_SOURCE' })
    const text = inspect(calls, { depth: 20 })
    expect(text).toContain('[secret ')
    expectAbsent('a log', text)
    for (const path of filesUnder(folder)) expectAbsent(path, readFileSync(path))
    expectAbsent('the error', everything(failure))
    expect(await pagesInUse(0)).toBe(0)
  })

  it('that a server is shown is in no error when the server refuses it', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(String(request.headers.authorization))
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { reason: `no user for ${request.headers.authorization}` } }))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const node = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const search = write.elasticsearch({ node, index: 'i', id: ['id'], auth: { apiKey: secret(variable) } })
    const both = job({ search: events().to(search), files: events().to(write.ndjson(join(folder, 'out/'))) })
    const failure = await both.run(options()).catch(error => error)
    server.closeAllConnections()
    server.close()
    expect(seen.some(header => header.includes(planted)), 'the server was shown the secret').toBe(true)
    expect(failure).toMatchObject({ name: 'ConnectorError' })
    expectAbsent('the error', everything(failure))
    expectAbsent('a log', inspect(calls, { depth: 20 }))
    for (const path of filesUnder(folder)) expectAbsent(path, readFileSync(path))
  })
})

describe('encrypted state', () => {
  it('is restored with its key, and refused with another or none', async () => {
    const started = await files(events()).start({ ...options(), checkpoint: { ...options().checkpoint!, every: '1h' } })
    await started.done
    const again = await files(events()).run(options())
    expect(again.metrics().rowsRead).toBe(0)
    const withKey = (encrypt: string | undefined) => files(events()).run({ ...options(), checkpoint: { dir: join(folder, 'state'), every: '1h', ...(encrypt && { encrypt }) } })
    for (const wrong of ['another passphrase, as long', undefined]) {
      const failure = await withKey(wrong).catch(error => error)
      expect(failure).toMatchObject({ code: expect.stringMatching(/^(CHECKPOINT|STATE|ENCRYPT|KEY)/) })
      expectAbsent('the error', everything(failure))
    }
    const missing = await files(events())
      .run({ ...options(), checkpoint: { dir: join(folder, 'state'), encrypt: secret('MILLRACE_TEST_UNSET') } })
      .catch(error => error)
    expect(missing).toMatchObject({ code: 'SECRET', message: expect.stringContaining('MILLRACE_TEST_UNSET') })
  })

  it('holds no row in clear', async () => {
    const named = fromData([{ who: 'Ottoline the unmistakable', at: 0 }], { schema: { who: 'utf8', at: 'timestamp[ms]' } })
    const endless = source({ name: 'e', schema: { who: 'utf8', at: 'timestamp[ms]' }, start: 0, splits: () => [{ id: '0' }], async *read(_, position) {
      if (position === 0) yield { rows: [{ who: 'Ottoline the unmistakable', at: 0 }], position: 1 }
      await new Promise(() => {})
    } })
    expect((await named.collect()).numRows).toBe(1)
    const clear = async (encrypt: boolean) => {
      const dir = join(folder, encrypt ? 'sealed' : 'open')
      const windows = fromData(endless).watermark('at', { bound: 0 }).groupBy('who', tumble('at', '1h')).agg({ n: count() })
      const run = await windows.to(write.ndjson(join(folder, `${encrypt}/`))).start({ name: 'state', checkpoint: { dir, every: '1h', ...(encrypt && { encrypt: secret(variable) }) } })
      while (run.metrics().rowsRead === 0) await new Promise(resolve => setImmediate(resolve))
      await run.checkpoint()
      await run.stop({ drain: false })
      return filesUnder(dir).some(path => readFileSync(path).includes('Ottoline'))
    }
    expect(await clear(false)).toBe(true)
    expect(await clear(true)).toBe(false)
  })
})
