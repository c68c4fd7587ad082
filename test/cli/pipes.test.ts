// `millrace convert` at the ends of pipes, as a process of its own. Needs dist/, which `npm test` builds first.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { runCli } from '../support/run-cli.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const text = 'id,name\n1,"a, b"\n2,\n'

describe('convert at the ends of pipes', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    await writeFile(`${folder}/in.csv`, text)
    const lines = Array.from({ length: 400_000 }, (_, i) => `${i},name ${i % 1_000},and more of it`).join('\n')
    await writeFile(`${folder}/large.csv`, `id,name,rest\n${lines}\n`)
  })
  afterAll(async () => {
    await closeEngines()
    await rm(folder, { recursive: true, force: true })
  })

  function start(...args: string[]) {
    const child = spawn(process.execPath, [main, 'convert', ...args], { cwd: folder })
    const out: Buffer[] = []
    let error = ''
    child.stderr.setEncoding('utf8').on('data', part => (error += part))
    const ended = new Promise<{ code: number | null; out: Buffer; error: string }>(resolve => child.on('close', code => resolve({ code, out: Buffer.concat(out), error })))
    return { child, ended, listen: () => child.stdout.on('data', part => out.push(part)) }
  }
  function run(...args: string[]) {
    const { ended, listen } = start(...args)
    listen()
    return ended
  }

  it('writes every format to standard output, and what it tells to standard error', async () => {
    for (const format of ['parquet', 'arrow', 'csv', 'tsv', 'ndjson', 'json']) {
      const { code, out, error } = await run('in.csv', '-', '--to', format)
      expect([format, code]).toEqual([format, 0])
      expect(error).toMatch(/standard output: 2 rows in /)
      await writeFile(`${folder}/out.${format}`, out)
      expect([format, (await runCli(['head', `${folder}/out.${format}`, '--json'])).out]).toEqual([format, '{"id":1,"name":"a, b"}\n{"id":2,"name":null}\n'])
    }
    const packed = await run('in.csv', '-', '--to', 'csv', '--compression', 'gzip', '-q')
    expect(packed).toMatchObject({ code: 0, error: '' })
    expect(gunzipSync(packed.out).toString()).toBe(text)
  })

  it('gives the same bytes from two threads', async () => {
    const { out } = await run('large.csv', '-', '--to', 'csv', '--workers', '2', '-q')
    expect(out.equals(readFileSync(`${folder}/large.csv`))).toBe(true)
  })

  it('ends quietly when its reader has seen enough', async () => {
    for (const workers of ['0', '2']) {
      const { child, ended } = start('large.csv', '-', '--to', 'csv', '--workers', workers, '-q')
      child.stdout.once('data', () => child.stdout.destroy())
      expect(await ended).toMatchObject({ code: 0, error: '' })
    }
  })

  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('ends at %s though its reader takes nothing', async (signal, code) => {
    const { child, ended } = start('large.csv', '-', '--to', 'csv', '-q')
    await new Promise(resolve => child.stdout.once('readable', resolve))
    child.kill(signal)
    // What is in the pipe is let go only after the signal.
    await new Promise(resolve => child.once('exit', resolve))
    child.stdout.resume()
    expect(await ended).toMatchObject({ code, error: 'cancelled\n' })
  })

  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('leaves no file, whole or half, at %s', async (signal, code) => {
    const { child, ended } = start('large.csv', 'large.csv', 'large.csv', 'large.csv', 'halves/out.csv.gz', '-q')
    // The hidden file is there: rows are being written.
    await new Promise<void>(resolve => {
      const look = () => (readdirSync(folder).includes('halves') && readdirSync(`${folder}/halves`).length > 0 ? resolve() : setImmediate(look))
      look()
    })
    child.kill(signal)
    expect(await ended).toMatchObject({ code, error: 'cancelled\n' })
    expect(readdirSync(`${folder}/halves`)).toEqual([])
  })

  it('refuses what a terminal could not show, unless forced', async () => {
    const convert = (...flags: string[]) => runCli(['convert', `${folder}/in.csv`, '-', '-q', ...flags], { isTerminal: true })
    for (const flags of [['--to', 'parquet'], ['--to', 'arrow'], ['--to', 'csv', '--compression', 'zstd']])
      expect(await convert(...flags)).toMatchObject({ code: 2, out: '', error: expect.stringMatching(/is no text that a terminal could show.*--force/) })
    expect(await convert('--to', 'csv')).toMatchObject({ code: 0, out: text })
    expect((await convert('--to', 'parquet', '--force')).out).toMatch(/^PAR1.*PAR1$/s)
  })

  it('wants to know the format, and no folders', async () => {
    const convert = (...flags: string[]) => runCli(['convert', `${folder}/in.csv`, '-', ...flags])
    expect(await convert()).toMatchObject({ code: 2, error: expect.stringContaining('standard output has no ending that tells the format; say --to parquet, csv') })
    expect(await convert('--to', 'csv', '--partition-by', 'id')).toMatchObject({ code: 2, error: expect.stringContaining("folders can't go to standard output") })
  })

  describe('standard input', () => {
    const spooled = () => readdirSync(tmpdir()).filter(name => name.startsWith('millrace-stdin-'))
    const feed = (bytes: Uint8Array, ...flags: string[]) =>
      runCli(['convert', '-', '-', '-q', ...flags], {
        input: async function* () {
          for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3)
        },
      })

    it('is read in every format, packed or not, and nothing is left of it', async () => {
      const before = spooled()
      for (const format of ['parquet', 'arrow', 'csv', 'tsv', 'ndjson', 'json']) {
        const { out } = await run('in.csv', '-', '--to', format, '-q')
        expect([format, await feed(out, '--from', format, '--to', 'csv')]).toEqual([format, { code: 0, out: text, error: '' }])
      }
      for (const codec of ['gzip', 'zstd']) {
        const { out } = await run('in.csv', '-', '--to', 'ndjson', '--compression', codec, '-q')
        expect((await feed(out, '--from', 'ndjson', '--to', 'csv')).out).toBe(text)
      }
      expect(spooled()).toEqual(before)
    })

    it('is named in errors, and leaves nothing then either', async () => {
      const before = spooled()
      const bad = await feed(Buffer.from('{"a":1}\n{"a":\n'), '--from', 'ndjson', '--to', 'csv')
      expect(bad).toMatchObject({ code: 1, error: expect.stringContaining('standard input, byte 13: the record ends') })
      expect(await feed(Buffer.from('no'), '--from', 'parquet', '--to', 'csv')).toMatchObject({ code: 1, error: expect.stringContaining('standard input: the file has 2 bytes') })
      expect(await runCli(['convert', '-', `${folder}/x.csv`])).toMatchObject({ code: 2, error: expect.stringContaining('standard input has no ending that tells the format; say --from parquet') })
      expect(await runCli(['convert', '-', `${folder}/in.csv`, `${folder}/x.csv`, '--from', 'csv'])).toMatchObject({ code: 2, error: expect.stringContaining('give it alone') })
      expect(spooled()).toEqual(before)
    })

    it('of text is read as it comes, no further than needed, and put nowhere', async () => {
      const before = spooled()
      let given = 0
      async function* endless() {
        yield Buffer.from('id,city\n')
        for (; ; given++) yield Buffer.from(`${given},Bern\n`.repeat(1_000))
      }
      const { code, out, error } = await runCli(['convert', '-', '-', '--from', 'csv', '--to', 'ndjson', '--limit', '3', '-q'], { input: endless })
      expect([code, out, error]).toEqual([0, '{"id":0,"city":"Bern"}\n'.repeat(3), ''])
      expect(given).toBeLessThan(5_000)
      expect(spooled()).toEqual(before)
    })

    it('of text larger than any buffer is the same rows, packed or not, with bad lines beside', async () => {
      const lines = Array.from({ length: 400_000 }, (_, i) => (i === 300_000 ? '{"id":' : `{"id":${i},"text":"row ${i * 7919} of many"}`))
      const plain = Buffer.from(`${lines.join('\n')}\n`)
      for (const bytes of [plain, gzipSync(plain, { level: 1 })]) {
        const target = `${folder}/streamed.parquet`
        const input = async function* () {
          for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003)
        }
        const { code, error } = await runCli(['convert', '-', target, '--from', 'ndjson', '--on-error', 'skip', '--overwrite'], { input })
        expect([code, error]).toEqual([0, expect.stringContaining('1 bad line skipped')])
        expect(error).not.toContain('NaN')
        const { out } = await runCli(['stats', target, '--json', '--bins', '0'])
        expect(JSON.parse(out.split('\n')[0]!)).toMatchObject({ column: 'id', nulls: 0, min: '0', max: '399999', mean: (399_999 * 400_000 / 2 - 300_000) / 399_999 })
      }
    })

    it('that breaks off is an error, and so is a broken pack', async () => {
      const broken = async function* () {
        yield Buffer.from('id\n1\n')
        throw new Error('the other end is gone')
      }
      expect(await runCli(['convert', '-', `${folder}/none.csv`, '--from', 'csv'], { input: broken })).toMatchObject({ code: 1, error: expect.stringContaining("standard input: it can't be read (the other end is gone)") })
      const cut = gzipSync(Buffer.from(text)).subarray(0, 30)
      expect(await feed(cut, '--from', 'csv', '--to', 'csv')).toMatchObject({ code: 1, error: expect.stringMatching(/standard input is no whole gzip file/) })
      expect(await feed(Buffer.alloc(0), '--from', 'csv', '--to', 'csv')).toMatchObject({ code: 1, error: expect.stringContaining('standard input is empty') })
      expect(readdirSync(folder)).not.toContain('none.csv')
    })

    it('of text is left at Ctrl-C, with rows on their way', async () => {
      const { child, ended } = start('-', '-', '--from', 'csv', '--to', 'csv', '-q')
      child.stdin.on('error', () => {})
      child.stdin.write(`id,name\n${'1,some name\n'.repeat(1_000_000)}`)
      await new Promise(resolve => child.stdout.once('data', resolve))
      child.stdout.resume()
      child.kill('SIGINT')
      expect(await ended).toMatchObject({ code: 130, error: 'cancelled\n' })
    })

    it('is waited for no longer than until Ctrl-C', async () => {
      const before = spooled()
      const { child, ended } = start('-', 'never.csv', '--from', 'parquet')
      child.stdin.write(text)
      await new Promise<void>(resolve => {
        const look = () => (spooled().length > before.length ? resolve() : setImmediate(look))
        look()
      })
      child.kill('SIGINT')
      expect(await ended).toMatchObject({ code: 130, error: 'cancelled\n' })
      expect([spooled(), readdirSync(folder).includes('never.csv')]).toEqual([before, false])
    })
  })
})
