import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secret } from '../../src/base/secret.ts'
import { createSealer, isSealed } from '../../src/storage/encryption.ts'

const hex = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const place = { job: 'bids', epoch: 3, file: 'a.run' }
const plain = new TextEncoder().encode('state of the job')

describe('createSealer', () => {
  beforeAll(() => {
    process.env.TEST_STATE_KEY = hex
    process.env.TEST_PASSPHRASE = 'correct horse battery staple'
    process.env.TEST_SHORT = 'short'
  })
  afterAll(() => {
    for (const name of ['TEST_STATE_KEY', 'TEST_PASSPHRASE', 'TEST_SHORT']) delete process.env[name]
  })

  it('opens what it sealed, with a key as hex, as base64 or as a passphrase, also in another process', () => {
    const keys = [secret('TEST_STATE_KEY'), hex, Buffer.from(hex, 'hex').toString('base64'), secret('TEST_PASSPHRASE')]
    for (const key of keys) {
      for (const bytes of [plain, new Uint8Array()]) {
        const sealed = createSealer(key, 'test').seal(bytes, place)
        expect(isSealed(sealed)).toBe(true)
        expect(Buffer.from(sealed).includes('state of the job')).toBe(false)
        expect([...createSealer(key, 'test').open(sealed, place, 'x')]).toEqual([...bytes])
      }
    }
    expect([...createSealer(keys[1]!, 'test').open(createSealer(keys[2]!, 'test').seal(plain, place), place, 'x')]).toEqual([...plain])
  })

  it('never gives the same bytes twice', () => {
    const sealer = createSealer(hex, 'test')
    expect(Buffer.from(sealer.seal(plain, place)).equals(sealer.seal(plain, place))).toBe(false)
  })

  it('says that the key is wrong', () => {
    const sealed = createSealer(hex, 'test').seal(plain, place)
    for (const key of [hex.replaceAll('0', '1'), 'a passphrase instead']) {
      expect(() => createSealer(key, 'test').open(sealed, place, 'dir/a.run')).toThrow(
        expect.objectContaining({ name: 'DataError', code: 'KEY_WRONG', message: expect.stringContaining('dir/a.run') }),
      )
    }
    const phrase = createSealer('one passphrase', 'test').seal(plain, place)
    expect(() => createSealer('another passphrase', 'test').open(phrase, place, 'x')).toThrow(expect.objectContaining({ code: 'KEY_WRONG' }))
  })

  it('opens a file in its own place only', () => {
    const sealer = createSealer(hex, 'test')
    const sealed = sealer.seal(plain, place)
    for (const moved of [{ job: 'asks' }, { epoch: 4 }, { file: 'b.run' }]) {
      expect(() => sealer.open(sealed, { ...place, ...moved }, 'x')).toThrow(expect.objectContaining({ code: 'SEAL_BROKEN' }))
    }
  })

  it('notices every changed byte and every cut', () => {
    const sealer = createSealer(hex, 'test')
    const sealed = sealer.seal(plain, place)
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at]! ^= 1
      expect(() => sealer.open(changed, place, 'x')).toThrow(expect.objectContaining({ name: 'DataError' }))
      expect(() => sealer.open(sealed.subarray(0, at), place, 'x')).toThrow(expect.objectContaining({ name: 'DataError' }))
    }
  })

  it('refuses a plain file where a key was given', () => {
    expect(() => createSealer(hex, 'test').open(plain, place, 'x')).toThrow(expect.objectContaining({ code: 'NOT_ENCRYPTED' }))
  })

  it('refuses a weak passphrase and an absent variable without quoting a value', () => {
    const weak = () => createSealer(secret('TEST_SHORT'), 'checkpoint.encrypt')
    expect(weak).toThrow(expect.objectContaining({ name: 'PlanError', code: 'KEY_WEAK' }))
    expect(weak).not.toThrow(/"short"/)
    expect(() => createSealer(secret('TEST_NONE'), 'checkpoint.encrypt')).toThrow(/checkpoint.encrypt: the environment variable TEST_NONE is not set/)
  })
})
