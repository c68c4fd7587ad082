import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeSpillCalls, type SpillCalls, SpillFiles } from '../../src/storage/spill-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'spill-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const failing = (code: string, call: 'open' | 'write' | 'read'): SpillCalls => ({
  ...nodeSpillCalls,
  [call]: () => {
    throw Object.assign(new Error(code), { code })
  },
})

describe('spill files', () => {
  it('give back blocks in any order, whole and into memory given', () => {
    const store = new SpillFiles(folder)
    const file = store.create()
    const blocks = [0, 1, 5, 100_000].map(length => Uint8Array.from({ length }, (_, i) => i * 7 + length))
    expect(blocks.map(b => file.append(b))).toEqual([0, 1, 2, 3])
    for (const block of [3, 0, 2, 1]) expect(file.read(block)).toEqual(blocks[block])
    const target = new Uint8Array(new SharedArrayBuffer(100_000))
    file.readInto(3, target)
    expect(Buffer.compare(target, blocks[3]!)).toBe(0)
    expect([file.blocks, file.bytes, file.lengthOf(2)]).toEqual([4, 100_006, 5])
    file.delete()
    expect([file.blocks, file.bytes]).toEqual([0, 0])
    store.close()
  })

  it('put a block together of parts, and tell how much they wrote', () => {
    const told: number[] = []
    const parts = [1, 0, 3, 2].map(length => new Uint8Array(length).fill(length))
    // A disk that takes three bytes at a time.
    const slow: SpillCalls = { ...nodeSpillCalls, write: (descriptor, given, at) => nodeSpillCalls.write(descriptor, [Buffer.concat(given).subarray(0, 3)], at) }
    const store = new SpillFiles(folder, bytes => told.push(bytes), slow)
    const file = store.create()
    file.append(...parts)
    expect([...file.read(0)]).toEqual([1, 3, 3, 3, 2, 2])
    expect(told).toEqual([6])
    store.close()
  })

  it('are read by another store of the process, which leaves them alone', () => {
    const store = new SpillFiles()
    const file = store.create()
    file.append(new TextEncoder().encode('first'))
    file.append(new TextEncoder().encode('second'))
    const other = new SpillFiles()
    const opened = other.open(JSON.parse(JSON.stringify(file.share())))
    expect([opened.blocks, opened.bytes, opened.lengthOf(1)]).toEqual([2, 11, 6])
    expect(new TextDecoder().decode(opened.read(1))).toBe('second')
    expect(() => opened.append(new Uint8Array(1))).toThrow('a file of another thread')
    opened.delete()
    other.close()
    expect(new TextDecoder().decode(file.read(0))).toBe('first')
    store.close()
  })

  it('have no name, from the first block on', () => {
    const store = new SpillFiles(folder)
    const file = store.create()
    file.append(new Uint8Array(10))
    expect(readdirSync(folder)).toEqual([])
    file.append(new Uint8Array(20).fill(1))
    expect([...file.read(1)]).toEqual([...new Uint8Array(20).fill(1)])
    store.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('remove what a process that is dead has left, and nothing else', () => {
    const left = mkdtempSync(join(folder, 'left-'))
    const names = ['millrace-spill-999999999-0-a', `millrace-spill-${process.pid}-0-a`, 'millrace-spill-notes', 'other']
    for (const name of names) writeFileSync(join(left, name), '')
    const store = new SpillFiles(left)
    store.create().append(new Uint8Array(1))
    expect(readdirSync(left).sort()).toEqual(names.slice(1).sort())
    store.close()
    rmSync(left, { recursive: true })
  })

  it('refuse a block that was changed or cut', () => {
    const changed = new SpillFiles(folder, () => {}, { ...nodeSpillCalls, read: (_, target) => target.fill(9).length })
    const file = changed.create()
    file.append(new Uint8Array(10))
    expect(() => file.read(0)).toThrow(expect.objectContaining({ code: 'SPILL_CORRUPT', message: expect.stringMatching(/block 0 of a file in .*: its checksum differs/) }))
    changed.close()
    const cut = new SpillFiles(folder, () => {}, { ...nodeSpillCalls, read: () => 0 })
    const short = cut.create()
    short.append(new Uint8Array(10))
    expect(() => short.read(0)).toThrow(/block 0 of a file in .*: it is cut/)
    cut.close()
  })

  it('name the folder whose disk is full', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
      const store = new SpillFiles(folder, () => {}, failing(code, 'write'))
      const full = expect.objectContaining({ code: 'SPILL_FULL', retryable: true, message: expect.stringContaining(`the disk of ${folder} is full (${code})`) })
      expect(() => store.create().append(new Uint8Array(1))).toThrow(full)
      store.close()
    }
  })

  it('say where the disk failed', () => {
    const absent = join(folder, 'absent')
    const store = new SpillFiles(absent)
    expect(() => store.create().append(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'SPILL_IO', message: expect.stringContaining(absent) }))
    expect(existsSync(absent)).toBe(false)
    const broken = new SpillFiles(folder, () => {}, failing('EIO', 'read'))
    const file = broken.create()
    file.append(new Uint8Array(1))
    expect(() => file.read(0)).toThrow(expect.objectContaining({ code: 'SPILL_IO' }))
    broken.close()
  })
})
