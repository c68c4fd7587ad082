// A running job's end of the control channel: a local socket that answers one request a connection. Silent, endless, nonsensical and impatient clients cost
// a bounded amount of memory and time, and never the job.
import { createServer, type Server, type Socket } from 'node:net'
import { asError, ConnectorError, encodeError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type ControlReply, type ControlRequest, decodeRequest, encodeLine, readLines, requestBytesMax } from './control-protocol.ts'

/** What a job does when it is asked. `answer` rejects with what goes wrong, which the other shell sees. */
export interface ControlledJob {
  answer(request: ControlRequest): Promise<Json>
  /** A small picture, sent while an answer takes its time. */
  progress(): Json
}

/** Bounds, for tests to shorten. */
export interface ControlLimits {
  /** Until the request is there. */
  readonly requestMs?: number
  readonly progressMs?: number
  /** Connections at once; further ones are closed. */
  readonly connectionsMax?: number
  /** For answers to leave when the job has ended. */
  readonly closeMs?: number
}

const defaults = { requestMs: 5_000, progressMs: 1_000, connectionsMax: 16, closeMs: 1_000 }
/** Unread bytes of an answer, from which on progress is left out. */
const unreadBytesMax = 64 * 1024

/** A socket that is listened on. */
export interface ControlServer {
  /** Takes no further request, lets answers under way leave, and closes. */
  close(): Promise<void>
}

/** Listens at `path`. Does not keep the process alive. Throws ConnectorError CONTROL_LISTEN. */
export async function listenForControl(path: string, job: ControlledJob, limits: ControlLimits = {}): Promise<ControlServer> {
  const bounds = { ...defaults, ...limits }
  const sockets = new Set<Socket>()
  const answers = new Map<Socket, Promise<void>>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that has gone is no matter: what it asked for is done all the same.
    socket.on('error', () => {})
    takeRequest(socket, bounds.requestMs, request => {
      answers.set(socket, answer(socket, job, request, bounds.progressMs).finally(() => answers.delete(socket)))
    })
  })
  server.maxConnections = bounds.connectionsMax
  await listen(server, path)
  server.on('error', () => {})
  server.unref()
  return {
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) if (!answers.has(socket)) socket.destroy()
      const late = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, bounds.closeMs)
      await closed
      clearTimeout(late)
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(new ConnectorError('CONTROL_LISTEN', `control: ${path} can't be listened on; ${cause.message}; the job can't be reached from another shell`, { cause }))
    server.once('error', failed)
    server.listen(path, () => {
      server.removeListener('error', failed)
      resolve()
    })
  })
}

function takeRequest(socket: Socket, requestMs: number, taken: (request: ControlRequest) => void): void {
  let isTaken = false
  const refuse = (error: Error) => {
    isTaken = true
    clearTimeout(timer)
    socket.end(encodeLine({ failed: publicError(error) }))
    // Whoever goes on writing, or doesn't read, is cut off.
    const cut = setTimeout(() => socket.destroy(), requestMs)
    socket.once('close', () => clearTimeout(cut))
  }
  const timer = setTimeout(() => refuse(new ConnectorError('CONTROL_SILENT', `control: no whole request within ${requestMs} ms; write one line of JSON`)), requestMs)
  socket.once('close', () => clearTimeout(timer))
  const line = (text: string) => {
    // One request a connection: the rest is not looked at.
    if (isTaken) return
    try {
      const request = decodeRequest(text)
      isTaken = true
      clearTimeout(timer)
      taken(request)
    } catch (error) {
      refuse(asError(error))
    }
  }
  readLines(socket, requestBytesMax, line, error => {
    if (isTaken) socket.destroy()
    else refuse(error)
  })
}

async function answer(socket: Socket, job: ControlledJob, request: ControlRequest, progressMs: number): Promise<void> {
  const say = (reply: ControlReply) => {
    if (socket.writable) socket.write(encodeLine(reply))
  }
  const timer = setInterval(() => {
    if (socket.writableLength < unreadBytesMax) say({ progress: job.progress() })
  }, progressMs)
  let reply: ControlReply
  try {
    reply = { done: await job.answer(request) }
  } catch (error) {
    reply = { failed: publicError(asError(error)) }
  }
  clearInterval(timer)
  say(reply)
  socket.end()
}

// Stacks say more than another shell needs.
function publicError(error: Error): ReturnType<typeof encodeError> {
  const { stack: _, ...rest } = encodeError(error)
  return rest
}
