// What another shell asks of a running job and what it hears: one line of JSON as the request, lines of JSON as the answer (progress, then the outcome), all
// bounded. Both ends are programs of one user on one machine, and neither believes the other.
import { isAbsolute } from 'node:path'
import type { Socket } from 'node:net'
import { ConnectorError, DataError, decodeError, type ErrorData } from '../base/errors.ts'
import type { Json } from '../base/json.ts'

/** What can be asked. Folders are absolute: the shell that asks is elsewhere. */
export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'savepoint'; readonly dir: string }
  | { readonly ask: 'stop'; readonly savepoint?: string }
  | { readonly ask: 'cancel' }

/** One line of an answer. The last one says `done` or `failed`. */
export type ControlReply = { readonly progress: Json } | { readonly done: Json } | { readonly failed: ErrorData }

/** Bytes of a request; a path has at most 4 KiB. */
export const requestBytesMax = 16 * 1024
/** Bytes of a line of an answer: the picture of a job grows with its steps. */
export const replyBytesMax = 4 * 1024 * 1024
const pathBytesMax = 4_096
const version = 1

/** A request or reply as its line. */
export function encodeLine(message: ControlRequest | ControlReply): string {
  return `${JSON.stringify('ask' in message ? { millrace: version, ...message } : message)}\n`
}

/** The inverse, for requests. Throws DataError CONTROL_REQUEST. */
export function decodeRequest(line: string): ControlRequest {
  const request = parse(line, 'CONTROL_REQUEST', 'request')
  const refuse = (what: string) => new DataError('CONTROL_REQUEST', `control: ${what}; ask with the same version of Millrace as the job's`)
  if (request.millrace !== version) throw refuse(`the request is of version ${shown(request.millrace)}, this job understands ${version}`)
  const { ask, dir, savepoint } = request
  if (ask === 'status' || ask === 'cancel') return { ask }
  if (ask === 'savepoint') return { ask, dir: folder(dir, 'dir', refuse) }
  if (ask === 'stop') return savepoint === undefined ? { ask } : { ask, savepoint: folder(savepoint, 'savepoint', refuse) }
  throw refuse(`nothing is known of ${shown(ask)}; a job can be asked for status, savepoint, stop and cancel`)
}

/** The inverse, for replies. Throws DataError CONTROL_REPLY. */
export function decodeReply(line: string): ControlReply {
  const reply = parse(line, 'CONTROL_REPLY', 'answer')
  if (reply.progress !== undefined) return { progress: reply.progress as Json }
  if (reply.done !== undefined) return { done: reply.done as Json }
  const failed = reply.failed as Record<string, unknown> | undefined
  const isError = typeof failed === 'object' && failed !== null && ['kind', 'code', 'message'].every(name => typeof failed[name] === 'string')
  if (!isError) throw new DataError('CONTROL_REPLY', `control: the answer has neither progress, nor an outcome, nor an error; found ${shown(reply)}; is this socket a job's?`)
  return { failed: failed as unknown as ErrorData }
}

/** The error that a reply carries, of its own kind. */
export function errorOf(reply: { readonly failed: ErrorData }): Error {
  const { kind, code, message, retryable } = reply.failed
  return decodeError({ kind, code, message, ...(retryable !== undefined && { retryable }) })
}

/**
 * Calls `taken` with each whole line that comes, without its end. `broken` hears of a line beyond `bytesMax` or of bytes that are no UTF-8; nothing is read then.
 */
export function readLines(socket: Socket, bytesMax: number, taken: (line: string) => void, broken: (error: ConnectorError) => void): void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let pieces: Buffer[] = []
  let bytes = 0
  let isBroken = false
  const fail = (what: string) => {
    isBroken = true
    pieces = []
    broken(new ConnectorError('CONTROL_LINE', `control: ${what}; the other end is no program of Millrace, or a faulty one`))
  }
  socket.on('data', (data: Buffer) => {
    for (let start = 0; start < data.length && !isBroken; ) {
      const at = data.indexOf(10, start)
      const end = at < 0 ? data.length : at
      bytes += end - start
      if (bytes > bytesMax) return fail(`a line of more than ${bytesMax} bytes`)
      pieces.push(data.subarray(start, end))
      start = end + 1
      if (at < 0) return
      let line: string
      try {
        line = decoder.decode(Buffer.concat(pieces))
      } catch {
        return fail('a line that is no UTF-8')
      }
      pieces = []
      bytes = 0
      taken(line)
    }
  })
}

function parse(line: string, code: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    // Falls through: found is quoted below.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new DataError(code, `control: the ${what} is no JSON object; found ${shown(line)}; use the millrace command, or write one line of JSON`)
}

function folder(path: unknown, name: string, refuse: (what: string) => DataError): string {
  if (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0') || Buffer.byteLength(path) > pathBytesMax)
    throw refuse(`${name} is no absolute path of at most ${pathBytesMax} bytes; found ${shown(path)}`)
  return path
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
