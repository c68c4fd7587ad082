// Bytes that come once: what was looked at comes again when they are read in order, and is let go then.
import { describe, expect, it } from 'vitest'
import { StreamedSource } from '../../src/source/streamed-source.ts'

const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 251)
async function* pieces(size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  yield new Uint8Array(0)
}
const signal = new AbortController().signal

describe('a streamed source', () => {
  it.each([1, 7, 64, 999, 5_000])('gives its beginning as often as it is opened, then all in order, in pieces of %i', async size => {
    const source = new StreamedSource('input', pieces(size), () => {})
    expect([...(await source.beginning(4))]).toEqual([0, 1, 2, 3])
    for (const count of [10, 100, 50]) {
      const { parts, size: known, read } = await source.open({ at: 'start', bytes: count })
      expect([parts[0]!.start, parts[0]!.bytes.length]).toEqual([0, count])
      expect(known).toBeGreaterThanOrEqual(1_000)
      expect([...(await read(90, 120, signal))]).toEqual([...bytes.subarray(90, 120)])
    }
    const opened = await source.open({ at: 'start', bytes: 10 })
    const [first, second] = await Promise.all([opened.read(0, 300, signal), opened.read(300, 600, signal)])
    expect([...first, ...second]).toEqual([...bytes.subarray(0, 600)])
    await expect(opened.read(0, 10, signal)).rejects.toThrow(expect.objectContaining({ code: 'STREAM_READ' }))
    await expect(source.open({ at: 'start', bytes: 10 })).rejects.toThrow(expect.objectContaining({ code: 'STREAM_READ' }))
    expect([...(await opened.read(600, 2_000, signal))]).toEqual([...bytes.subarray(600)])
    expect(opened.size).toBe(1_000)
    expect((await opened.read(1_000, 2_000, signal)).length).toBe(0)
  })

  it('knows its size where it ends early', async () => {
    const source = new StreamedSource('input', pieces(64), () => {})
    const { size, parts } = await source.open({ at: 'start', bytes: 4_000 })
    expect([size, parts[0]!.bytes.length]).toEqual([1_000, 1_000])
  })

  it('tells what went wrong, and lets go when it is closed', async () => {
    let released = 0
    async function* broken() {
      yield bytes
      throw new Error('gone')
    }
    const source = new StreamedSource('input', broken(), () => released++)
    const { read } = await source.open({ at: 'start', bytes: 10 })
    await expect(read(0, 2_000, signal)).rejects.toThrow(expect.objectContaining({ code: 'INPUT', message: expect.stringContaining("input: it can't be read (gone)") }))
    source.close()
    expect(released).toBe(1)
  })
})
