// Encrypted Parquet through frames: rows that workers encode are sealed by the thread that writes the file, folders too; keys show nowhere.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { buildPlan, sinkNode } from '../../src/frame/node.ts'
import { col, from, generate, read, secret, write } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sealed-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const hex = '00112233445566778899aabbccddeeff'
const other = Buffer.from('a key of 24 bytes, hidden'.slice(0, 24))
const encryption = { footerKey: hex, columnKeys: { n: other }, aadPrefix: 'numbers' }
const decryption = { footerKey: hex, columnKeys: { n: other } }
const rows = generate.range(400_000).select({ n: col('id'), half: col('id').div(2), text: col('id').mod(1000).cast('utf8') })
const read1 = (path: string) => readFileSync(path).subarray(0, 4).toString()

describe('write.parquet with encryption', () => {
  it.each([0, 2])('seals what %i worker threads encode', async workers => {
    const path = join(folder, `sealed-${workers}.parquet`)
    await rows.to(write.parquet(path, { encryption })).run({ workers })
    expect(read1(path)).toBe('PARE')
    const back = read.parquet(path, { decryption })
    const key = { sum: 399_999 * 200_000, count: 400_000 }
    const found = (await back.collect({ workers })).toArray()
    expect({ sum: found.reduce((sum, row) => sum + Number(row.n), 0), count: new Set(found.map(row => row.n)).size }).toEqual(key)
    expect(found.every(row => row.text === String(Number(row.n) % 1000))).toBe(true)
    await expect(read.parquet(path).collect()).rejects.toThrow(expect.objectContaining({ code: 'ENCRYPTED' }))
    expect((await back.filter(col('n').eq(399_998)).collect({ workers })).toArray().map(row => Number(row.n))).toEqual([399_998])
  })

  it('seals part files of folders, each for itself', async () => {
    const path = `${join(folder, 'parts')}/`
    const small = from(Array.from({ length: 900 }, (_, i) => ({ n: i, group: `g${i % 3}` })))
    await small.to(write.parquet(path, { encryption: { ...encryption, plaintextFooter: true }, partitionBy: ['group'] })).run()
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.parquet'))
    expect(files.length).toBe(3)
    expect(files.map(name => read1(join(path, name)))).toEqual(['PAR1', 'PAR1', 'PAR1'])
    const back = (await read.parquet(path, { decryption }).sort('n').collect()).toArray()
    expect(back.map(row => [Number(row.n), row.group])).toEqual(Array.from({ length: 900 }, (_, i) => [i, `g${i % 3}`]))
  })

  it('shows no key in plan, explanation or error', async () => {
    process.env['SEALED_TEST_KEY'] = hex
    const sink = write.parquet(join(folder, 'plan.parquet'), { encryption: { ...encryption, footerKey: secret('SEALED_TEST_KEY') } })
    const frame = rows as unknown as { edge: never; to(sink: unknown): { run(): Promise<unknown> } }
    const { plan } = buildPlan([sinkNode(frame.edge, sink)])
    const wrong = await frame.to(write.parquet(join(folder, 'wrong.parquet'), { encryption: { footerKey: hex.slice(1), columnKeys: { x: other } } })).run().catch((error: Error) => error)
    for (const text of [JSON.stringify(plan), inspect(plan, { depth: 20, showHidden: true }), inspect(wrong, { depth: 20 })]) expect(text).not.toMatch(new RegExp(`${hex.slice(1)}|${other.toString('hex')}|${other.toString('base64')}|${other.toString()}`))
    await frame.to(sink).run()
    delete process.env['SEALED_TEST_KEY']
    expect((await read.parquet(join(folder, 'plan.parquet'), { decryption }).limit(1).collect()).toArray().length).toBe(1)
  })
})
