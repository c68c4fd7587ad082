// Encrypted Parquet through frames: keys reach the threads that read, and nothing that people or files see; functions for keys are asked once, before the job, for what it needs.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { ConnectorError, DataError, PlanError } from '../../src/base/errors.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { col, read, secret } from '../../src/index.ts'
import { adoptHidden, Hidden, hiddenIn, hiddenValue } from '../../src/base/hidden.ts'
import { doubleKey, encryptedPath, explicitKeys, floatKey, footerKey, unwrapped, utf8 } from '../support/encrypted-suite.ts'
import { closeEngines } from '../support/frames.ts'
import { suiteFolder } from '../support/suites.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

// Under a name that a folder of Parquet files has.
function encrypted(name: string): string {
  const path = join(folder, `${name.replaceAll('/', '-')}.parquet`)
  copyFileSync(encryptedPath(name), path)
  return path
}

const uniform = 'uniform_encryption'
const ownKeys = 'encrypt_columns_and_footer'
const hex = Buffer.from(footerKey).toString('hex')
const noKey = new RegExp([...[footerKey, doubleKey, floatKey].flatMap(key => [Buffer.from(key).toString(), Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64'), [...key].join(',')])].join('|'), 'i')
const count = async (path: string, decryption: object, workers: number) => (await read.parquet(path, { decryption, int96: 'us' }).filter(col('float_field').ge(0)).collect({ workers })).toArray().length

describe.skipIf(!suiteFolder('parquet-testing'))('keys of Parquet files', () => {
  it.each([0, 2])('reach the readers of %i threads, in every form', async workers => {
    process.env['PARQUET_KEYS_TEST'] = hex
    for (const key of [footerKey, hex, Buffer.from(footerKey).toString('base64'), secret('PARQUET_KEYS_TEST')]) expect(await count(encrypted(uniform), { footerKey: key }, workers)).toBe(50)
    delete process.env['PARQUET_KEYS_TEST']
    expect(await count(encrypted(ownKeys), explicitKeys(ownKeys), workers)).toBe(50)
    expect(await count(encrypted(uniform), { keys: async () => hex }, workers)).toBe(50)
  })

  it.each([0, 2])('are found by a function once each, those of columns only where the column is read (%i threads)', async workers => {
    const asked: string[] = []
    const keys = async (keyMetadata: Uint8Array) => {
      const name = new TextDecoder().decode(keyMetadata)
      asked.push(name)
      await new Promise(resolve => setImmediate(resolve))
      if (name === 'kc2') throw new Error('no access to kc2')
      return { kf: footerKey, kc1: doubleKey }[name]
    }
    const frame = read.parquet([encrypted(ownKeys), encrypted('encrypt_columns_and_footer_aad')], { decryption: { keys }, int96: 'us' })
    const table = await frame.select('double_field', 'int32_field').filter(col('double_field').gt(50)).collect({ workers })
    expect(table.toArray().map(row => row.int32_field)).toEqual([46, 47, 48, 49, 46, 47, 48, 49])
    expect(asked.sort()).toEqual(['kc1', 'kf'])
    await expect(frame.select('float_field').collect({ workers })).rejects.toThrow(expect.objectContaining({ code: 'KEY_FINDER', message: expect.stringMatching(/column "float_field": the function for keys failed: no access to kc2; /) }))
    await expect(frame.select('float_field').collect({ workers })).rejects.toBeInstanceOf(ConnectorError)
  })

  it('that a server unwraps: the values of external_key_material_java', async () => {
    const rows = await read.parquet(encrypted('external_key_material_java'), { decryption: { keys: async metadata => unwrapped(metadata) } }).collect({ workers: 0 })
    expect(rows.toArray()).toEqual(Array.from({ length: 100 }, (_, i) => ({ integers: i, strings: `${'abcdefghij'[i % 10]}${i}` })))
  })

  it('are in no plan, explanation, print or error', async () => {
    const decryption = { footerKey: hex, columnKeys: { double_field: doubleKey, float_field: Buffer.from(floatKey).toString('base64') } }
    const frame = read.parquet(encrypted(ownKeys), { decryption, int96: 'us' })
    const { plan } = buildPlan([(frame as unknown as { edge: { node: never } }).edge.node])
    const shown = [JSON.stringify(plan), inspect(plan, { depth: 20, showHidden: true }), String((plan.nodes[0] as unknown as { options: { decryption: unknown } }).options.decryption), frame.explain(), await frame.explain({ analyze: true })]
    const wrong = await read.parquet(encrypted(ownKeys), { decryption: { ...decryption, footerKey: Buffer.from(doubleKey).toString('hex') } }).collect().catch((error: Error) => error)
    expect(wrong).toMatchObject({ code: 'DECRYPTION' })
    shown.push(inspect(wrong, { depth: 20, showHidden: true }))
    for (const text of shown) expect(text).not.toMatch(noKey)
    expect(JSON.stringify(plan)).toMatch(/"decryption":\{"hidden":"\d+"\}/)
  })

  it('that come later are not waited for by explain(), and found at once they are', () => {
    expect(read.parquet(encrypted(uniform), { decryption: { keys: () => footerKey }, int96: 'us' }).explain()).toContain('read.parquet')
    expect(() => read.parquet(encrypted(uniform), { decryption: { keys: async () => footerKey } }).explain()).toThrow(expect.objectContaining({ code: 'KEYS_LATER' }))
  })

  it('that are none are refused when the frame runs', async () => {
    const run = (decryption: object) => read.parquet(encrypted(uniform), { decryption }).collect()
    await expect(run({ footerKey: 'secret' })).rejects.toBeInstanceOf(PlanError)
    await expect(run({ footerkey: hex })).rejects.toThrow(expect.objectContaining({ code: 'KEY', message: expect.stringContaining('there is no "footerkey"') }))
    await expect(run({ footerKey: secret('PARQUET_KEYS_UNSET') })).rejects.toThrow(expect.objectContaining({ code: 'SECRET' }))
    await expect(run({ keys: () => undefined })).rejects.toThrow(expect.objectContaining({ code: 'KEY_MISSING' }))
    await expect(run({ keys: () => utf8('short') })).rejects.toThrow(expect.objectContaining({ code: 'KEY' }))
    await expect(read.parquet(encrypted(uniform)).collect()).rejects.toBeInstanceOf(DataError)
  })

  it('of one frame do not open the file to another', async () => {
    const path = encrypted(uniform)
    expect(await count(path, { footerKey }, 0)).toBe(50)
    await expect(read.parquet(path).collect({ workers: 0 })).rejects.toThrow(expect.objectContaining({ code: 'ENCRYPTED' }))
    await expect(count(path, { footerKey: doubleKey }, 0)).rejects.toThrow(expect.objectContaining({ code: 'DECRYPTION' }))
  })
})

describe('hidden values', () => {
  it('are found by their reference while they are adopted', () => {
    const hidden = new Hidden({ key: 'sesame' }, value => ({ copy: value.key }))
    const reference = JSON.parse(JSON.stringify({ a: 1, hidden })) as { hidden: { hidden: string } }
    expect(hiddenValue(hidden)).toEqual({ key: 'sesame' })
    expect(hiddenValue(reference.hidden)).toBeUndefined()
    const values = structuredClone(hiddenIn({ a: null, hidden }))
    const letGo = [adoptHidden(values), adoptHidden(values)]
    for (const let1 of letGo) {
      expect(hiddenValue(reference.hidden)).toEqual({ copy: 'sesame' })
      let1()
    }
    expect(hiddenValue(reference.hidden)).toBeUndefined()
    expect(`${hidden} ${inspect(hidden)} ${inspect(structuredClone({ hidden: reference.hidden }))}`).not.toContain('sesame')
    expect(hiddenIn(null).size + hiddenIn('x').size).toBe(0)
  })
})
