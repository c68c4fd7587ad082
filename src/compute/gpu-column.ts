// Columns on the GPU: uploaded once from the shared memory, then read by any number of kernels. Pages load this file: nothing here needs Node.
import { assert, DeviceError } from '../base/errors.ts'
import type { Gpu, GpuBuffer } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'

/** Types that can be uploaded. float64 becomes float32. */
export type GpuSourceKind = 'int32' | 'int64' | 'float32' | 'float64'

/** A column in the shared memory: addresses in bytes; `validity` is a bitmap's address, or 0 where nothing is null. */
export interface GpuSource {
  readonly kind: GpuSourceKind
  readonly length: number
  readonly values: number
  readonly validity: number
}

/** A run of rows of a column; its buffers each fit into a binding. */
export interface GpuChunk {
  readonly length: number
  readonly values: GpuBuffer
  readonly validity: GpuBuffer | undefined
}

/** A column on the GPU. `rounded` says that it was float64: each value is then its nearest float32 (relative error ≤ 2^-24; beyond 3.4e38 infinite). */
export interface GpuColumn {
  readonly kind: 'int32' | 'int64' | 'float32'
  readonly rounded: boolean
  readonly length: number
  readonly chunks: readonly GpuChunk[]
  /** Gives back the GPU's memory. May be called twice. */
  release(): void
}

/** Rows that one workgroup of the table kernels takes. */
export const rowsPerWorkgroup = 16_384

/** Rows of a chunk: as many 8-byte values as a binding holds, the same for all types so that columns line up; a multiple of 16,384 where it can be. */
export function chunkRows(gpu: Gpu): number {
  const rows = Math.floor(gpu.limits.bindingBytes / 8)
  return rows >= rowsPerWorkgroup ? rows - (rows % rowsPerWorkgroup) : rows - (rows % 32)
}

/** Copies a column to the GPU. The caller releases it. Throws DeviceError GPU_LOST, GPU_LIMIT. Cost: the bus, 1–10 GB/s (bench/gpu.mjs). */
export function uploadColumn(gpu: Gpu, memory: Memory, source: GpuSource): GpuColumn {
  return upload(gpu, memory, source, source.kind === 'float64' ? 'float32' : source.kind, rows => {
    if (source.kind === 'float64') return new Float32Array(memory.float64s(source.values + rows.start * 8, rows.count))
    const words = source.kind === 'int64' ? 2 : 1
    return memory.uint32s(source.values + rows.start * 4 * words, rows.count * words)
  })
}

/**
 * Copies times as int32 milliseconds since `startMs`. int64 times (milliseconds) before it become -1, those 2^31 - 1 or more after it 2^31 - 1:
 * both lie outside every window. int32 times are taken as they are, already relative; `startMs` is then 0.
 */
export function uploadTimes(gpu: Gpu, memory: Memory, source: GpuSource, startMs: number): GpuColumn {
  if (source.kind === 'int32' && startMs === 0) return uploadColumn(gpu, memory, source)
  if (source.kind !== 'int64') throw wrongKind('window', 'times', source.kind, startMs === 0 ? 'int32 or int64' : 'int64, or int32 with startMs 0')
  assert(Number.isSafeInteger(startMs), `windows start at ${startMs} ms`)
  return upload(gpu, memory, source, 'int32', rows => {
    const words = memory.int32s(source.values + rows.start * 8, rows.count * 2)
    const relative = new Int32Array(rows.count)
    for (let i = 0; i < relative.length; i++) {
      const sinceStart = words[2 * i + 1]! * 2 ** 32 + (words[2 * i]! >>> 0) - startMs
      relative[i] = sinceStart < 0 ? -1 : sinceStart < 0x7fff_ffff ? sinceStart : 0x7fff_ffff
    }
    return relative
  })
}

/** The column, uploaded if it isn't yet; `done` releases what this call uploaded. */
export function onGpu(gpu: Gpu, memory: Memory, column: GpuSource | GpuColumn): { column: GpuColumn; done: () => void } {
  if ('chunks' in column) return { column, done: () => {} }
  const uploaded = uploadColumn(gpu, memory, column)
  return { column: uploaded, done: uploaded.release }
}

/** The error for a column of a type that a GPU kernel doesn't take. */
export function wrongKind(where: string, role: string, found: string, wanted: string): DeviceError {
  return new DeviceError('GPU_TYPE', `gpu ${where}: ${role} of type ${found} can't be used; they must be ${wanted}; use device: 'wasm'`)
}

function upload(gpu: Gpu, memory: Memory, source: GpuSource, kind: GpuColumn['kind'], part: (rows: { start: number; count: number }) => ArrayBufferView): GpuColumn {
  const { length, validity } = source
  assert(Number.isInteger(length) && length >= 0 && length < 2 ** 31, `a column of ${length} rows`)
  const step = chunkRows(gpu)
  const chunks: GpuChunk[] = []
  const held: GpuBuffer[] = []
  const make = (bytes: number) => {
    const buffer = gpu.buffer(bytes)
    held.push(buffer)
    return buffer
  }
  const release = () => {
    for (const buffer of held) buffer.release()
  }
  try {
    for (let start = 0; start < length; start += step) {
      const count = Math.min(step, length - start)
      // Converted and copied by pieces that stay in cache.
      const values = make(count * (kind === 'int64' ? 8 : 4))
      const bits = validity === 0 ? undefined : make(Math.ceil(count / 32) * 4)
      chunks.push({ length: count, values, validity: bits })
      let offset = 0
      for (let row = 0; row < count; row += pieceRows) {
        const view = part({ start: start + row, count: Math.min(pieceRows, count - row) })
        gpu.write(values, offset, view)
        offset += view.byteLength
      }
      // A bitmap's chunk is padded, so its last word may be read whole.
      if (bits) gpu.write(bits, 0, memory.bytes(validity + start / 8, bits.bytes))
    }
  } catch (error) {
    release()
    throw error
  }
  return { kind, rounded: source.kind === 'float64', length, chunks, release }
}

const pieceRows = 32_768
