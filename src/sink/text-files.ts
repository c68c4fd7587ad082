// Text formats as file sinks have them: rows encoded batch by batch, with nothing to remember between them.
import type { ByteSink } from '../base/bytes.ts'
import type { Batch } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodedParts, type RowBytes } from './encoded-rows.ts'
import type { FileEncoder } from './files.ts'

/** An encoder that appends what `encode` makes of each batch, or what workers have made of it; its memory lives for one batch. */
export function textEncoder(device: Device, sink: ByteSink, encode: (arena: Arena, batch: Batch) => RowBytes): FileEncoder {
  return {
    write(batch) {
      if (batch.rowCount === 0) return
      const encoded = encodedParts(device, batch)
      if (encoded) return encoded.forEach(part => sink.append(part))
      const arena = device.arena()
      try {
        const { address, bytes } = encode(arena, batch)
        sink.append(device.memory.bytes(address, bytes))
      } finally {
        arena.release()
      }
    },
    checkpoint: () => null,
    finish: () => {},
    close: () => {},
  }
}
