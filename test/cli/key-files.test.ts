// Keys on the command line: files of keys encrypt and open Parquet, and what is in them is never shown.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { closeEngines } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})
const at = (name: string) => join(folder, name)
const put = (name: string, text: string) => {
  writeFileSync(at(name), text)
  return at(name)
}
const hex = '00112233445566778899aabbccddeeff'
const keys = put('keys.json', JSON.stringify({ footerKey: hex, columnKeys: { b: { secret: 'MILLRACE_TEST_KEY' } } }))
const other = put('other.json', JSON.stringify({ footerKey: 'ff'.repeat(16) }))
const table = put('in.csv', 'a,b\n1,x\n2,y\n')

it('convert encrypts, and what reads opens', async () => {
  process.env.MILLRACE_TEST_KEY = 'fedcba98765432100123456789abcdef'
  expect((await runCli(['convert', table, at('out.parquet'), '--encryption-keys', keys, '-q'])).error).toBe('')
  expect(readFileSync(at('out.parquet')).subarray(-4).toString()).toBe('PARE')
  expect((await runCli(['convert', at('out.parquet'), at('back.csv'), '--decryption-keys', keys, '-q'])).code).toBe(0)
  expect(readFileSync(at('back.csv'), 'utf8')).toBe('a,b\n1,x\n2,y\n')
  expect((await runCli(['head', at('out.parquet'), '--json', '--decryption-keys', keys])).out).toContain('"b":"y"')
  expect((await runCli(['count', at('out.parquet'), '--decryption-keys', keys])).out).toBe('2\n')
  expect((await runCli(['schema', at('out.parquet'), '--json', '--decryption-keys', keys])).out).toContain('"b": "utf8')
})

it('what goes to standard output is encrypted, too', async () => {
  const { out, error } = await runCli(['convert', table, '-', '--to', 'parquet', '--encryption-keys', keys, '-q'])
  expect(error).toBe('')
  expect(out.slice(-4)).toBe('PARE')
})

it('without keys, or with others: an error without a key in it', async () => {
  const none = await runCli(['count', at('out.parquet')])
  expect(none).toMatchObject({ code: 1, error: expect.stringContaining('--decryption-keys') })
  const wrong = await runCli(['count', at('out.parquet'), '--decryption-keys', other])
  expect(wrong.code).toBe(1)
  expect(wrong.error).toContain('does not open')
  expect(wrong.error).not.toContain('ffff')
})

it('files that hold no keys: an error that shows nothing of them', async () => {
  const broken = put('broken.json', `{ footerKey: ${hex} `)
  const odd = put('odd.json', JSON.stringify({ footerKey: `${hex}0` }))
  for (const file of [broken, odd, put('list.json', '[1]'), at('absent.json')]) {
    const { code, error } = await runCli(['convert', table, at('no.parquet'), '--encryption-keys', file, '-q'])
    expect(code, file).toBeGreaterThan(0)
    expect(error).toContain(file === odd ? 'footerKey' : file)
    expect(error).not.toContain(hex)
  }
  expect((await runCli(['convert', table, at('no.ndjson'), '--encryption-keys', keys])).error).toContain('only parquet is encrypted')
  expect((await runCli(['head', table, '--decryption-keys', keys])).error).toContain('only parquet is encrypted')
})
