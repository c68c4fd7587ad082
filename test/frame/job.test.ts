import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { ConnectorError } from '../../src/base/errors.ts'
import { fromData, sink, source } from '../../src/frame/from.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'millrace-job-'))
afterAll(async () => {
  await closeEngines()
  rmSync(dir, { recursive: true })
})

/** Ten numbers, one at a time; `read` may throw at each. */
function numbers(read: (n: number) => void) {
  return source({
    name: 'numbers',
    schema: { n: 'int32' },
    start: 0,
    bounded: true,
    splits: () => [{ id: '0' }],
    async *read(_split, position) {
      for (let n = position; n < 10; n++) {
        read(n)
        yield { rows: [{ n }], position: n + 1 }
      }
    },
  })
}

function list() {
  const rows: number[] = []
  return { rows, sink: sink({ name: 'list', delivery: 'idempotent', write: batch => void rows.push(...(batch.column('n').toArray() as number[])) }) }
}

describe('restarts', () => {
  const refused = (code: string, retryable: boolean) => new ConnectorError(code, `numbers: ${code}`, { retryable })

  it('begin a job again when the world outside failed it, so often and no more', async () => {
    let failures = 3
    const flaky = numbers(n => {
      if (n === 5 && failures-- > 0) throw refused('GONE', true)
    })
    const errors: string[] = []
    const logger = { info: () => {}, error: (_: object, message: string) => void errors.push(message) }
    const { sink, rows } = list()
    await fromData(flaky).to(sink).run({ restart: { attempts: 3, backoff: '1ms' }, logger })
    expect(rows.slice(-10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(errors.filter(e => e.startsWith('restarting'))).toEqual(Array(3).fill('restarting: numbers: GONE'))
    failures = 3
    await expect(fromData(flaky).to(sink).run({ restart: { attempts: 2, backoff: '1ms' } })).rejects.toMatchObject({ code: 'GONE' })
    expect(await pagesInUse(0)).toBe(0)
  })

  it('stand behind the handle of a job that was started', async () => {
    let failures = 2
    const flaky = numbers(n => {
      if (n === 5 && failures-- > 0) throw refused('GONE', true)
    })
    const { sink, rows } = list()
    const run = await fromData(flaky).to(sink).start({ restart: { attempts: 2, backoff: '1ms' } })
    await run.done
    expect(rows.slice(-10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(run.metrics().rowsRead).toBe(10)
    failures = 3
    const failed = await fromData(flaky).to(list().sink).start({ restart: { attempts: 2, backoff: '1ms' } })
    await expect(failed.done).rejects.toMatchObject({ code: 'GONE' })
  })

  it('end when the job is stopped while the next attempt is waited for', async () => {
    let reads = 0
    const gone = numbers(() => {
      reads++
      throw refused('GONE', true)
    })
    let waits = () => {}
    const waiting = new Promise<void>(resolve => (waits = resolve))
    const logger = { info: () => {}, error: (_: object, message: string) => void (message.startsWith('restarting') && waits()) }
    const run = await fromData(gone).to(list().sink).start({ restart: { attempts: 5, backoff: '1h' }, logger })
    await waiting
    await expect(run.stop()).rejects.toMatchObject({ code: 'GONE' })
    await expect(run.done).rejects.toMatchObject({ code: 'GONE' })
    expect(reads).toBe(1)
  })

  it('take what a source’s own code throws for the world outside', async () => {
    let isFirst = true
    const flaky = numbers(n => {
      if (n !== 2 || !isFirst) return
      isFirst = false
      throw new TypeError('socket closed')
    })
    const { sink, rows } = list()
    await fromData(flaky).to(sink).run({ restart: { attempts: 1, backoff: '1ms' } })
    expect(rows.at(-1)).toBe(9)
  })

  it('leave failures alone that would only come back', async () => {
    let reads = 0
    const broken = numbers(() => {
      reads++
      throw refused('WRONG_PASSWORD', false)
    })
    await expect(fromData(broken).to(list().sink).run({ restart: { attempts: 5, backoff: '1ms' } })).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
    expect(reads).toBe(1)
  })

  it('go on from the newest checkpoint', async () => {
    const reads: number[] = []
    let run: { checkpoint(): Promise<number> } | undefined
    const flaky = numbers(n => void reads.push(n))
    const { sink, rows } = list()
    const options = { name: 'resumed', checkpoint: { dir, every: '1h' } } as const
    const gate = source({
      ...flaky,
      async *read(split: { id: string }, position: number) {
        for await (const part of flaky.read(split, position)) {
          yield part
          if (part.position === 6 && run) {
            await run.checkpoint().catch(() => {})
            throw refused('GONE', true)
          }
        }
      },
    })
    run = await fromData(gate).to(sink).start(options)
    await expect((run as unknown as { done: Promise<void> }).done).rejects.toMatchObject({ code: 'GONE' })
    run = undefined
    await fromData(gate).to(sink).run(options)
    expect(reads.filter(n => n === 0)).toHaveLength(1)
    expect(new Set(rows)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
  })
})

it('SIGTERM drains a job: what was taken is committed, and the process ends well', async () => {
  const program = `
    import { from, sink } from '${root}dist/index.js'
    async function* ticks() { for (let n = 0; ; n++) { yield { n }; await new Promise(next => setTimeout(next, 1)) } }
    let written = 0, committed = 0
    const counter = sink({ name: 'counter', delivery: 'transactional', write(batch) { written += batch.numRows; if (written >= 5) console.log('ready') },
      prepare: () => written, commit(epoch, handle) { committed = handle } })
    const run = await from(ticks(), { schema: { n: 'int32' } }).to(counter).run({ batchRows: 1, workers: 1 })
    console.log(JSON.stringify({ written, committed, read: run.metrics().rowsRead }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  let output = ''
  child.stdout.on('data', text => {
    if (!output.includes('ready') && String(text).includes('ready')) child.kill('SIGTERM')
    output += text
  })
  child.stderr.on('data', text => (output += text))
  const [code, signal] = await new Promise<[number | null, string | null]>(resolve => child.on('exit', (c, s) => resolve([c, s])))
  expect([code, signal], output).toEqual([0, null])
  const { written, committed, read } = JSON.parse(output.trim().split('\n').at(-1)!)
  expect(written).toBeGreaterThanOrEqual(5)
  expect([committed, read]).toEqual([written, written])
})
