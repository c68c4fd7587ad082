// Text files in gzip or zstd. Every piece of text becomes a member (of zstd: a frame) of its own, and members one behind the other are one file: so workers
// pack what they encode, a checkpoint ends between two members, and no more than a piece is held.
import { gzipSync } from 'node:zlib'
import type { ByteSink } from '../base/bytes.ts'
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { compressZstd, zstdBytesMax, zstdScratchBytes } from '../compute/zstd.ts'
import type { Device } from '../device/device.ts'
import { encodedParts, partBytes } from './encoded-rows.ts'
import type { FileEncoder, FileSinkFormat, FileSinkOptions } from './files.ts'

/** Options of files of text. */
export interface TextSinkOptions extends FileSinkOptions {
  /** A file's ending says it by itself (.gz, .zst); part files get the ending. */
  readonly compression?: 'none' | TextPacking
}

/** How text is packed. */
export type TextPacking = 'gzip' | 'zstd'

const pieceBytes = 1 << 20
const endings = { gzip: '.gz', zstd: '.zst' } as const
const compressions = ['none', 'gzip', 'zstd']

/** How a file's name says that it is packed. */
export function packingOfName(path: string): TextPacking | undefined {
  return path.endsWith('.gz') ? 'gzip' : path.endsWith('.zst') ? 'zstd' : undefined
}

/** How a sink packs: by its option, else by the name of its file. */
export function packingOf({ path, compression }: TextSinkOptions): TextPacking | undefined {
  return compression === undefined ? packingOfName(path) : compression === 'none' ? undefined : compression
}

/** A format of text whose files may be packed. `apart`: its rows' bytes don't depend on where they stand, so that workers may pack them. */
export function packable<O extends TextSinkOptions>(format: FileSinkFormat<O> & { readonly ending: string }, apart = true): FileSinkFormat<O> {
  const { rows } = format
  return {
    ...format,
    ending: options => format.ending + (packingOf(options) ? endings[packingOf(options)!] : ''),
    isText: options => format.isText?.(options) === true && (packingOf(options) === undefined || options.path.endsWith('/')),
    check(options, fields, where) {
      checkCompression(options, where)
      format.check?.(options, fields, where)
    },
    open(device, fields, options, sink, where, resume) {
      const packing = packingOf(options)
      if (!packing) return format.open(device, fields, options, sink, where, resume)
      const state = resume as unknown as PackedState | undefined
      const packer = new Packer(device, sink, packing, state?.isBegun ?? false)
      return packedEncoder(device, packer, format.open(device, fields, options, packer, where, state ? state.inner : undefined), apart)
    },
    ...(rows && {
      rows(device, arena, batch, options) {
        const packing = packingOf(options)
        if (!packing || !apart) return rows(device, arena, batch, options)
        const scratch = device.arena()
        try {
          return rows(device, scratch, batch, options).flatMap(part => packed(device, partBytes(device, part), packing))
        } finally {
          scratch.release()
        }
      },
    }),
  }
}

interface PackedState {
  readonly inner: Json
  /** Whether anything is in the file. */
  readonly isBegun: boolean
}

// `apart`: batches that come encoded are packed already.
function packedEncoder(device: Device, packer: Packer, inner: FileEncoder, apart: boolean): FileEncoder {
  return {
    write(batch) {
      const encoded = apart ? encodedParts(device, batch) : undefined
      if (encoded) for (const part of encoded) packer.appendPacked(part)
      else inner.write(batch)
    },
    checkpoint() {
      const state = inner.checkpoint()
      packer.flush()
      return { inner: state, isBegun: packer.isBegun } satisfies PackedState as unknown as Json
    },
    finish() {
      inner.finish()
      packer.end()
    },
    close: () => inner.close(),
  }
}

// Takes text, gives members; what is less than a piece waits for more.
class Packer implements ByteSink {
  readonly #device: Device
  readonly #sink: ByteSink
  readonly #packing: TextPacking
  readonly #waiting = new Uint8Array(pieceBytes)
  #waitingBytes = 0
  isBegun: boolean

  constructor(device: Device, sink: ByteSink, packing: TextPacking, isBegun: boolean) {
    this.#device = device
    this.#sink = sink
    this.#packing = packing
    this.isBegun = isBegun
  }

  append(bytes: Uint8Array): void {
    if (this.#waitingBytes + bytes.length > pieceBytes) this.flush()
    if (bytes.length > pieceBytes) return this.#pack(bytes)
    this.#waiting.set(bytes, this.#waitingBytes)
    this.#waitingBytes += bytes.length
  }

  appendPacked(bytes: Uint8Array): void {
    this.flush()
    this.isBegun = true
    this.#sink.append(bytes)
  }

  flush(): void {
    const count = this.#waitingBytes
    this.#waitingBytes = 0
    if (count > 0) this.#pack(this.#waiting.subarray(0, count))
  }

  // No text at all is a member too: a file of no bytes is not a packed one.
  end(): void {
    this.flush()
    if (!this.isBegun) this.#pack(new Uint8Array(0))
  }

  #pack(bytes: Uint8Array): void {
    this.isBegun = true
    for (const part of packed(this.#device, bytes, this.#packing)) this.#sink.append(part)
  }
}

// Members of at most a piece each; at least one.
function packed(device: Device, bytes: Uint8Array, packing: TextPacking): Uint8Array[] {
  const pieces: Uint8Array[] = [bytes.subarray(0, pieceBytes)]
  for (let at = pieceBytes; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes))
  return packing === 'gzip' ? pieces.map(piece => gzipSync(piece)) : zstdFrames(device, pieces)
}

function zstdFrames(device: Device, pieces: readonly Uint8Array[]): Uint8Array[] {
  const longest = Math.max(...pieces.map(piece => piece.length))
  const arena = device.arena()
  try {
    const source = arena.allocate(longest)
    const out = arena.allocate(zstdBytesMax(device, longest))
    const scratch = arena.allocate(zstdScratchBytes(device))
    return pieces.map(piece => {
      device.memory.bytes(source, piece.length).set(piece)
      return device.memory.bytes(out, compressZstd(device, source, piece.length, out, scratch)).slice()
    })
  } finally {
    arena.release()
  }
}

function checkCompression({ path, compression }: TextSinkOptions, where: string): void {
  if (compression === undefined) return
  if (!compressions.includes(compression))
    throw new PlanError('COMPRESSION', `${where}: text has no compression ${JSON.stringify(compression)}; give ${compressions.join(', ')}${didYouMean(String(compression), compressions)}`)
  const named = packingOfName(path)
  const asked = compression === 'none' ? undefined : compression
  if (path.endsWith('/') || named === asked) return
  const what = named === undefined ? `has no ${endings[asked!]} at its end` : `ends in ${endings[named]}`
  throw new PlanError('COMPRESSION', `${where}: the compression is ${compression} and ${path} ${what}, which readers go by; give one of them, or both alike`)
}
