// Frames of WebSocket (RFC 6455, 5), as a client reads and writes them. Lengths are checked before anything is kept.
import { randomBytes } from 'node:crypto'
import { ConnectorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'

/** What came: a message, a ping to be answered, or the end. */
export type WebSocketEvent = { readonly kind: 'message'; readonly bytes: Uint8Array } | { readonly kind: 'ping'; readonly bytes: Uint8Array } | { readonly kind: 'pong' } | { readonly kind: 'close'; readonly code: number }

/** Kinds of frames. */
export const frameKinds = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A whole frame, masked, as a client sends it. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = new Uint8Array(head + 4 + length)
  frame[0] = 0x80 | kind
  frame[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127)
  const view = new DataView(frame.buffer)
  if (head === 4) view.setUint16(2, length)
  if (head === 10) view.setBigUint64(2, BigInt(length))
  const mask = randomBytes(4)
  frame.set(mask, head)
  for (let i = 0; i < length; i++) frame[head + 4 + i] = payload[i]! ^ mask[i & 3]!
  return frame
}

/** Makes events of the bytes of a server. */
export class FrameReader {
  readonly #messageBytesMax: number
  readonly #name: string
  #bytes: Buffer = Buffer.alloc(0)
  /** Parts of the message that is not whole yet. */
  #parts: Buffer[] | undefined
  #partBytes = 0

  constructor(messageBytesMax: number, name: string) {
    this.#messageBytesMax = messageBytesMax
    this.#name = name
  }

  /** Throws ConnectorError WEBSOCKET_PROTOCOL (retryable), WEBSOCKET_TOO_LONG. Bytes of events live as long as those given. */
  write(bytes: Uint8Array): WebSocketEvent[] {
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Buffer.concat([this.#bytes, bytes])
    const events: WebSocketEvent[] = []
    for (let frame = this.#frame(); frame; frame = this.#frame()) {
      const event = this.#event(frame)
      if (event) events.push(event)
    }
    return events
  }

  // The next whole frame, taken off the bytes.
  #frame(): { isLast: boolean; kind: number; payload: Buffer } | undefined {
    const bytes = this.#bytes
    if (bytes.length < 2) return undefined
    const [first, second] = [bytes[0]!, bytes[1]!]
    if ((first & 0x70) !== 0) throw this.#broken('a frame has flags of an extension that was not agreed on')
    if ((second & 0x80) !== 0) throw this.#broken('a frame is masked, which only those of clients are')
    const kind = first & 15
    const short = second & 127
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    if (kind >= 8 && (short > 125 || (first & 0x80) === 0)) throw this.#broken('a control frame is longer than 125 bytes, or in parts')
    if (bytes.length < head) return undefined
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (length + this.#partBytes > this.#messageBytesMax)
      throw new ConnectorError('WEBSOCKET_TOO_LONG', `${this.#name}: a message has ${length + this.#partBytes} bytes or more, and ${formatBytes(this.#messageBytesMax)} are allowed; raise messageBytes if it is meant`)
    if (bytes.length < head + length) return undefined
    this.#bytes = bytes.subarray(head + length)
    return { isLast: (first & 0x80) !== 0, kind, payload: bytes.subarray(head, head + length) }
  }

  #event({ isLast, kind, payload }: { isLast: boolean; kind: number; payload: Buffer }): WebSocketEvent | undefined {
    if (kind === frameKinds.ping) return { kind: 'ping', bytes: payload }
    if (kind === frameKinds.pong) return { kind: 'pong' }
    if (kind === frameKinds.close) return { kind: 'close', code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005 }
    if (kind > 2) throw this.#broken(`a frame is of the unknown kind ${kind}`)
    if ((kind === frameKinds.continuation) !== (this.#parts !== undefined)) throw this.#broken(kind === 0 ? 'a frame goes on with no message' : 'a message begins within another')
    if (isLast && !this.#parts) return { kind: 'message', bytes: payload }
    this.#parts = [...(this.#parts ?? []), Buffer.from(payload)]
    this.#partBytes += payload.length
    if (!isLast) return undefined
    const bytes = Buffer.concat(this.#parts)
    this.#parts = undefined
    this.#partBytes = 0
    return { kind: 'message', bytes }
  }

  #broken(what: string): ConnectorError {
    return new ConnectorError('WEBSOCKET_PROTOCOL', `${this.#name}: ${what}; this is no server of WebSocket, or it is broken`, { retryable: true })
  }
}
