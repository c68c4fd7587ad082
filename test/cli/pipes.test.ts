// `millrace convert` at the ends of pipes, as a process of its own. Needs dist/, which `npm test` builds first.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
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
})
