import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SpillFiles } from '../../src/storage/spill-files.ts'

const parent = mkdtempSync(join(tmpdir(), 'spill-test-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))
const files = () => readdirSync(parent, { recursive: true })
const onlyFile = () => join(parent, files().find(name => String(name).endsWith('0')) as string)

describe('spill files', () => {
  it('give back blocks in any order, and touch the disk only when written', () => {
    const store = new SpillFiles(parent)
    const file = store.create()
    expect(files()).toEqual([])
    const blocks = [0, 1, 5, 100_000].map(length => Uint8Array.from({ length }, (_, i) => i * 7 + length))
    expect(blocks.map(b => file.append(b))).toEqual([0, 1, 2, 3])
    for (const block of [3, 0, 2, 1]) expect(file.read(block)).toEqual(blocks[block])
    expect(file.bytes).toBe(100_006 + 4 * 4)
    file.delete()
    expect(file.blocks).toBe(0)
    store.close()
    expect(files()).toEqual([])
  })

  it('leave nothing behind when the store is closed', () => {
    const store = new SpillFiles(parent)
    store.create().append(new Uint8Array(10))
    store.create().append(new Uint8Array(10))
    expect(files().length).toBe(3)
    store.close()
    expect(files()).toEqual([])
  })

  it('refuse a block that was changed or cut', () => {
    const store = new SpillFiles(parent)
    const file = store.create()
    file.append(new Uint8Array(10))
    writeFileSync(onlyFile(), new Uint8Array(14).fill(1), { flag: 'r+' })
    expect(() => file.read(0)).toThrow(/block 0: its checksum differs/)
    truncateSync(onlyFile(), 6)
    expect(() => file.read(0)).toThrow(/block 0: it is cut/)
    store.close()
  })

  it('say where the disk failed', () => {
    const store = new SpillFiles(join(parent, 'absent'))
    expect(() => store.create().append(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'SPILL_IO' }))
    expect(existsSync(join(parent, 'absent'))).toBe(false)
  })
})
