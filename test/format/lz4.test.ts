import { describe, expect, it } from 'vitest'
import { unpackLz4Block, unpackLz4Frame, unpackLz4Hadoop } from '../../src/format/lz4.ts'

const text = (bytes: Uint8Array | string) => (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes))
// Fewer than 15 bytes as literals.
const block = (word: string) => [word.length << 4, ...new TextEncoder().encode(word)]
const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
const chunk = (word: string) => [...u32(word.length + 1), ...block(word)]
const hadoop = (...words: readonly (readonly string[])[]) => Uint8Array.from(words.flatMap(chunks => [...u32(chunks.join('').length), ...chunks.flatMap(chunk)]))

describe('blocks of LZ4 as Hadoop writes them', () => {
  it('are one or several, of one chunk or several', () => {
    expect(text(unpackLz4Hadoop(hadoop(['hello']), 5))).toBe('hello')
    expect(text(unpackLz4Hadoop(hadoop(['hello', ' wor'], ['ld'], []), 11))).toBe('hello world')
  })

  it('may be a frame, or a bare block, with the same codec', () => {
    const frame = Uint8Array.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 6, 0, 0, 0, ...block('hello'), 0, 0, 0, 0])
    expect(text(unpackLz4Frame(frame, 5))).toBe('hello')
    expect(text(unpackLz4Hadoop(frame, 5))).toBe('hello')
    // Four of the letters again, by a copy.
    const bare = Uint8Array.from([0x40, ...new TextEncoder().encode('abcd'), 4, 0, 0x10, 0x65])
    expect([text(unpackLz4Block(bare, 9)), text(unpackLz4Hadoop(bare, 9))]).toEqual(['abcdabcde', 'abcdabcde'])
  })

  it('are refused where sizes lie', () => {
    const whole = hadoop(['hello', ' wor'], ['ld'])
    for (let end = 0; end < whole.length; end++) expect(unpackLz4Hadoop(whole.subarray(0, end), 11), `cut at ${end}`).toMatch(/^the LZ4 data is broken: /)
    for (const size of [10, 12, 0]) expect(unpackLz4Hadoop(whole, size), `${size} bytes`).toMatch(/^the LZ4 data is broken: /)
    const endless = Uint8Array.from([...u32(5), ...u32(0)])
    expect(unpackLz4Hadoop(endless, 5)).toMatch(/another size than it says/)
  })
})
