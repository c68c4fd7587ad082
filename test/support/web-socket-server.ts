// A loopback server of WebSocket for tests: it accepts whoever comes, and gives the test the bare connection.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A frame as a server sends it: not masked. */
export function serverFrame(kind: number, payload: Uint8Array, isLast = true): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = (isLast ? 0x80 : 0) | kind
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** Listens; `connected` is called for each connection, the `nth` from 1. `answer` may give what is sent in place of the right answer. */
export async function webSocketServer(connected: (socket: Socket, request: IncomingMessage, nth: number) => void, answer?: (right: string) => string | undefined): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<Socket>()
  let nth = 0
  const server = createServer((_, response) => response.writeHead(404).end())
  server.on('upgrade', (request, stream) => {
    const socket = stream as Socket
    sockets.add(socket)
    socket.on('error', () => {})
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    const right = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
    const other = answer?.(right)
    if (other !== undefined) socket.end(other)
    else {
      socket.write(right)
      connected(socket, request, ++nth)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/feed`,
    close() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}
