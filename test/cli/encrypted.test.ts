// Every command that reads files takes keys of encrypted Parquet, and says without them what is missing, and how to give it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { write } from '../../src/index.ts'
import { closeEngines, frame } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sealed-'))
const at = (name: string) => join(folder, name)
const put = (name: string, value: unknown) => {
  writeFileSync(at(name), JSON.stringify(value))
  return at(name)
}
const footerKey = '00112233445566778899aabbccddeeff'
const priceKey = 'fedcba98765432100123456789abcdef'
const keys = put('keys.json', { footerKey, columnKeys: { price: priceKey } })
const footerOnly = put('footer.json', { footerKey })
const wrong = put('wrong.json', { footerKey: 'ab'.repeat(16), columnKeys: { price: 'cd'.repeat(16) } })
const rows = Array.from({ length: 40 }, (_, i) => ({ id: i, price: i * 1.5 }))
const [sealed, plainFooter, plain] = [at('sealed.parquet'), at('footer.parquet'), at('plain.parquet')]

beforeAll(async () => {
  const table = frame(rows, { id: 'int32', price: 'float64' })
  await table.to(write.parquet(sealed, { encryption: { footerKey, columnKeys: { price: priceKey } } })).run()
  await table.to(write.parquet(plainFooter, { encryption: { footerKey, columnKeys: { price: priceKey }, plaintextFooter: true }, pageRows: 10 })).run()
  await table.to(write.parquet(plain)).run()
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

describe('keys of encrypted Parquet', () => {
  const readers: [string, string[], RegExp][] = [
    ['millrace FILE', [sealed, '--json'], /"id":0/],
    ['head', ['head', sealed, '-n', '1', '--json'], /"price":0/],
    ['tail', ['tail', sealed, '-n', '1', '--json'], /"price":58.5/],
    ['sample', ['sample', sealed, '-n', '2', '--json'], /"price":/],
    ['count', ['count', sealed], /^40\n$/],
    ['schema', ['schema', sealed, '--json'], /"price": "float64"/],
    ['types', ['types', sealed], /price: 'float64'/],
    ['stats', ['stats', sealed, '--json'], /"column":"price","type":"float64","nulls":0/],
    ['inspect', ['inspect', sealed, '--json'], /"max": "58.5"/],
    ['validate', ['validate', sealed], /ok, 40 rows/],
    ['diff', ['diff', sealed, sealed], /^equal: 40 rows/],
    ['convert', ['convert', sealed, '-', '--to', 'csv', '-q'], /^id,price\n0,0/],
  ]

  it.each(readers)('%s takes them', async (_, args, found) => {
    expect(await runCli([...args, '--decryption-keys', keys])).toMatchObject({ code: 0, out: expect.stringMatching(found) })
  })

  it.each(readers)('%s says without them how to give them', async (_, args) => {
    const { code, out, error } = await runCli(args)
    expect([code > 0, out]).toEqual([true, ''])
    expect(error).toContain('the file is encrypted; no key was given')
    expect(error).toContain('--decryption-keys')
  })

  it.each(readers)('%s says that they are wrong, and not what they are', async (_, args) => {
    const { code, out, error } = await runCli([...args, '--decryption-keys', wrong])
    expect(code).toBeGreaterThan(0)
    expect(out + error).toContain('does not open')
    expect(out + error).not.toContain('abab')
  })

  it.each(readers.filter(([name]) => name !== 'inspect'))('%s refuses them for other formats', async (_, args) => {
    writeFileSync(at('in.csv'), 'id,price\n1,2\n')
    const other = args.map(arg => (arg === sealed ? at('in.csv') : arg))
    expect(await runCli([...other, '--decryption-keys', keys])).toMatchObject({ code: 2, error: expect.stringContaining('only parquet is encrypted') })
  })

  it('of plain files are an error, unless their file says that they may be plain', async () => {
    expect(await runCli(['count', plain, '--decryption-keys', keys])).toMatchObject({ code: 1, error: expect.stringContaining('the file is not encrypted, and keys were given') })
    expect((await runCli(['validate', plain, '--decryption-keys', keys])).code).toBe(1)
    const either = put('either.json', { footerKey, columnKeys: { price: priceKey }, allowPlaintext: true })
    expect((await runCli(['diff', plain, sealed, '--decryption-keys', either])).out).toContain('equal: 40 rows')
  })

  it('may be others for the other file of diff', async () => {
    const other = at('other.parquet')
    const otherKeys = put('other.json', { footerKey: 'ee'.repeat(16) })
    await frame(rows, { id: 'int32', price: 'float64' }).to(write.parquet(other, { encryption: { footerKey: 'ee'.repeat(16) }, overwrite: true })).run()
    expect((await runCli(['diff', sealed, other, '--decryption-keys', keys, '--other-decryption-keys', otherKeys])).out).toContain('equal: 40 rows')
    expect((await runCli(['diff', sealed, other, '--decryption-keys', keys])).code).toBe(2)
    writeFileSync(at('rows.csv'), `id,price\n${rows.map(({ id, price }) => `${id},${price}`).join('\n')}\n`)
    expect((await runCli(['diff', sealed, at('rows.csv'), '--decryption-keys', keys])).out).toContain('equal: 40 rows')
    expect(await runCli(['diff', sealed, at('rows.csv'), '--decryption-keys', keys, '--other-decryption-keys', otherKeys])).toMatchObject({ code: 2, error: expect.stringContaining('only parquet') })
  })

  it('that are missing for a column: inspect tells the rest of a plain footer, and validate what it could not check', async () => {
    const told = JSON.parse((await runCli(['inspect', plainFooter, '--json', '--pages'])).out)
    expect(told.rowGroups[0].columns).toMatchObject([
      { column: 'id', encryption: 'footer key', closed: expect.stringContaining('no key was given'), pages: [] },
      { column: 'price', encryption: 'column key', closed: expect.stringContaining('no key was given'), pages: [] },
    ])
    expect((await runCli(['inspect', plainFooter])).out).toMatch(/│ encrypted [\s\S]*column "price": the column is encrypted; no key was given\n[\s\S]*--decryption-keys FILE/)
    const some = JSON.parse((await runCli(['inspect', plainFooter, '--json', '--pages', '--decryption-keys', footerOnly])).out)
    expect(some.rowGroups[0].columns).toMatchObject([{ column: 'id', max: '39', pages: [{ kind: 'dictionary' }, { rows: 10, max: '9' }, {}, {}, { firstRow: 30 }] }, { column: 'price', closed: expect.stringContaining('none of the keys given') }])
    expect(some.rowGroups[0].columns[0]).not.toHaveProperty('closed')
    expect(await runCli(['validate', plainFooter, '--decryption-keys', footerOnly])).toMatchObject({ code: 0, out: expect.stringMatching(/not checked: column price: .*--decryption-keys\n.*ok, 40 rows/) })
    expect(await runCli(['validate', plainFooter])).toMatchObject({ code: 0, out: expect.stringContaining('not checked: column id') })
    expect(await runCli(['validate', sealed, plain])).toMatchObject({ code: 2, error: expect.stringContaining('--decryption-keys') })
  })

  it('tell validate what was changed', async () => {
    const bytes = readFileSync(sealed)
    bytes[40]! ^= 1
    writeFileSync(at('changed.parquet'), bytes)
    expect(await runCli(['validate', at('changed.parquet'), '--decryption-keys', keys])).toMatchObject({ code: 1, out: expect.stringContaining('does not open') })
  })
})
