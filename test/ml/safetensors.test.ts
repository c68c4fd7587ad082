import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../src/ml/safetensors.ts'

const tensors = { weights: Float64Array.of(1.5, -0, Number.MIN_VALUE), intercept: Float64Array.of(2), none: new Float64Array(0) }

/** A file with a header of one's own before 24 bytes of data. */
function file(header: unknown): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + 24)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

describe('safetensors', () => {
  it('holds tensors to the bit, with aligned data', () => {
    const bytes = encodeSafetensors(tensors)
    expect(decodeSafetensors(bytes, 'x')).toEqual(tensors)
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
  })

  // Written by safetensors.numpy.save({'a': numpy.array([1.0, -2.5])}, {'made': 'python'}) of safetensors 0.8.0.
  it("reads Python's files", () => {
    expect(decodeSafetensors(Buffer.from('58000000000000007b225f5f6d657461646174615f5f223a7b226d616465223a22707974686f6e227d2c2261223a7b226474797065223a22463634222c227368617065223a5b325d2c22646174615f6f666673657473223a5b302c31365d7d7d000000000000f03f00000000000004c0', 'hex'), 'x')).toEqual({ a: Float64Array.of(1, -2.5) })
  })

  it('refuses every cut of a file, and headers that do not fit', () => {
    const bytes = encodeSafetensors(tensors)
    for (let length = 0; length < bytes.length; length++) expect(() => decodeSafetensors(bytes.subarray(0, length), 'w.safetensors'), `${length}`).toThrow(/^w\.safetensors: .*cut, damaged/)
    const tensor = (change: object) => file({ a: { dtype: 'F64', shape: [3], data_offsets: [0, 24], ...change } })
    expect(decodeSafetensors(tensor({}), 'x')).toEqual({ a: new Float64Array(3) })
    for (const change of [{ dtype: 'F32' }, { shape: [4] }, { shape: 'x' }, { shape: [-3] }, { data_offsets: [8, 32] }, { data_offsets: [0] }, { data_offsets: [-8, 16] }]) expect(() => decodeSafetensors(tensor(change), 'x')).toThrow('x: tensor "a"')
    for (const header of ['{', '[]', 'null']) expect(() => decodeSafetensors(file(header), 'x')).toThrow('x: the header is no')
    expect(() => decodeSafetensors(new Uint8Array(8).fill(255), 'x')).toThrow('x: a header of')
  })
})
