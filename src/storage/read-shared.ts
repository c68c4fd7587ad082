// A spill file of another thread, read as a whole without making its thread or this one wait: how lasting runs get into checkpoints.
import { read } from 'node:fs'
import { ConnectorError, DataError } from '../base/errors.ts'
import type { SharedSpillFile } from '../base/spill.ts'
import { checksum } from './spill-files.ts'

/** All bytes of a file that another thread has written, its blocks verified. Throws ConnectorError SPILL_IO, DataError SPILL_CORRUPT. */
export async function readShared({ descriptor, starts, lengths, checksums }: SharedSpillFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  for (const [block, start] of starts.entries()) {
    const target = bytes.subarray(start, start + lengths[block]!)
    for (let at = 0; at < target.length; ) {
      const count = await readAt(descriptor, target, at, start + at)
      if (count === 0) throw damaged(block, 'it is cut')
      at += count
    }
    if (checksum(target, 0) !== checksums[block]) throw damaged(block, 'its checksum differs')
  }
  return bytes
}

function readAt(descriptor: number, target: Uint8Array, at: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, target, at, target.length - at, position, (cause, count) => {
      if (cause) reject(new ConnectorError('SPILL_IO', `spill: a file can't be read: ${cause.message}; the disk may be faulty`, { cause }))
      else resolve(count)
    })
  })
}

function damaged(block: number, what: string): DataError {
  return new DataError('SPILL_CORRUPT', `spill: block ${block} of a file: ${what}; something else wrote to the file, or the disk is faulty`)
}
