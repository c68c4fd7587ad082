// Named arrays of float64 in the safetensors format: [header bytes u64][header: JSON][data], little-endian. Source: the format's own
// description at huggingface.co/docs/safetensors. Tensors of other types are refused by name.
import { DataError } from '../base/errors.ts'

const headerBytesMax = 100_000_000

/** The file of some one-dimensional tensors, in name order. */
export function encodeSafetensors(tensors: Readonly<Record<string, Float64Array>>): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort()
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const name of names) {
    const { length } = tensors[name]!
    header[name] = { dtype: 'F64', shape: [length], data_offsets: [offset, offset + 8 * length] }
    offset += 8 * length
  }
  const text = JSON.stringify(header)
  // Spaces up to a multiple of 8 keep the data aligned.
  const json = new TextEncoder().encode(text + ' '.repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8))
  const bytes = new Uint8Array(8 + json.length + offset)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  let at = 8 + json.length
  for (const name of names) {
    for (const value of tensors[name]!) {
      view.setFloat64(at, value, true)
      at += 8
    }
  }
  return bytes
}

/** The tensors of a file, flat. Throws DataError SAFETENSORS naming `where` for a file that is cut, changed, or holds other types than F64. */
export function decodeSafetensors(bytes: Uint8Array, where: string): Record<string, Float64Array> {
  const refuse = (what: string) => new DataError('SAFETENSORS', `${where}: ${what}; the file is cut, damaged, or no safetensors file of float64`)
  if (bytes.length < 8) throw refuse(`${bytes.length} bytes are too few for a header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headerBytes = Number(view.getBigUint64(0, true))
  if (headerBytes > headerBytesMax || 8 + headerBytes > bytes.length) throw refuse(`a header of ${headerBytes} bytes in a file of ${bytes.length}`)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)))
  } catch {
    throw refuse('the header is no JSON')
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw refuse('the header is no object')
  const data = 8 + headerBytes
  const tensors: Record<string, Float64Array> = {}
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown }
    if (dtype !== 'F64') throw refuse(`tensor "${name}" is of type ${String(dtype)}`)
    const isSizes = (list: unknown): list is number[] => Array.isArray(list) && list.every(n => Number.isSafeInteger(n) && n >= 0)
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) throw refuse(`tensor "${name}" has no shape and offsets`)
    const [start, end] = offsets as [number, number]
    const count = shape.reduce((product, n) => product * n, 1)
    if (end - start !== 8 * count || data + end > bytes.length) throw refuse(`tensor "${name}" has ${count} values in bytes ${start} to ${end} of ${bytes.length - data}`)
    tensors[name] = Float64Array.from({ length: count }, (_, i) => view.getFloat64(data + start + 8 * i, true))
  }
  return tensors
}
