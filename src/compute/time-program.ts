// Patterns of times in the form that the kernels take: 8 bytes a piece (kernels/time-pattern.ts). Some pieces only JavaScript knows.
import type { DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Piece } from './time-pattern.ts'

// In the order of the kernels' codes, from 1; up to f they can be read, too.
const codes = 'YymdejHMSIpfbBaAuwq'
const readable = 'YymdejHMSIpf'
// The most bytes that a piece is written in, where that isn't its number of digits: names, and years with a sign.
const widths: Record<string, number> = { Y: 11, B: 12, A: 12, b: 12, a: 12, f: 9 }
const literalBytes = 4

/** A pattern in memory: `count` pieces at `address`, whose text takes at most `bytesMax` bytes. */
export interface TimeProgram {
  readonly address: number
  readonly count: number
  readonly bytesMax: number
}

/** The program that writes times of a type by a pattern; undefined where it has pieces that the kernel doesn't know. */
export function writingProgram(device: Device, arena: Arena, pieces: readonly Piece[], type: DataType): TimeProgram | undefined {
  const zone = type.kind === 'timestamp' ? type.zone : undefined
  const plain = pieces.map((piece): Piece => {
    if (typeof piece === 'string') return piece
    if (piece.code === 'Z') return zone || 'UTC'
    if (zone === undefined && piece.code === 'z') return '+0000'
    return zone === undefined && piece.code === ':z' ? '+00:00' : piece
  })
  return plain.every(piece => typeof piece === 'string' || codes.includes(piece.code)) ? programOf(device, arena, plain) : undefined
}

/** The program that reads times by a pattern; undefined where it has pieces that the kernel doesn't know, or says a part twice. */
export function readingProgram(device: Device, arena: Arena, pieces: readonly Piece[]): TimeProgram | undefined {
  const parts = pieces.flatMap(piece => (typeof piece === 'string' ? [] : [piece.code]))
  const fields = parts.map(code => ({ y: 'Y', e: 'd', I: 'H' })[code] ?? code)
  if (new Set(fields).size < fields.length || !parts.every(code => readable.includes(code)) || (parts.includes('p') && !parts.includes('I'))) return undefined
  return programOf(device, arena, pieces.map(piece => (typeof piece === 'string' ? piece.replace(/\s+/g, ' ') : piece)))
}

function programOf(device: Device, arena: Arena, pieces: readonly Piece[]): TimeProgram {
  const words: number[][] = []
  let bytesMax = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      const bytes = encoder.encode(piece)
      for (let at = 0; at < bytes.length; at += literalBytes) {
        const part = bytes.subarray(at, at + literalBytes)
        words.push([0, 0, part.length, 0, ...part, ...new Array(literalBytes - part.length).fill(0)])
      }
      bytesMax += bytes.length
    } else {
      words.push([codes.indexOf(piece.code) + 1, piece.code === 'f' ? piece.digits : Number(piece.bare), 0, 0, 0, 0, 0, 0])
      bytesMax += widths[piece.code] ?? 3
    }
  }
  const address = arena.allocate(8 * words.length)
  device.memory.bytes(address, 8 * words.length).set(words.flat())
  return { address, count: words.length, bytesMax }
}

const encoder = new TextEncoder()
