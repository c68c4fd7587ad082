// The asking end of the control channel: one request to a running job, and its answer.
import { connect } from 'node:net'
import { asError, CancelledError, ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type ControlRequest, decodeReply, encodeLine, errorOf, readLines, replyBytesMax } from './control-protocol.ts'

/** How an answer is waited for. */
export interface AskOptions {
  /** Without a line for so long the job is given up on; 60 s. */
  readonly silenceMs?: number
  /** Stops waiting; what was asked for goes on. */
  readonly signal?: AbortSignal
  /** Hears what the job tells while it is at it. */
  readonly progress?: (picture: Json) => void
}

const silenceMsDefault = 60_000

/**
 * Asks the job behind `socket`. Rejects with the error that the job answers, of its own kind; ConnectorError CONTROL_GONE where nobody listens, CONTROL_LOST where the
 * connection broke off, CONTROL_SILENT; DataError CONTROL_REPLY; CancelledError.
 */
export function askJob(socket: string, request: ControlRequest, options: AskOptions = {}): Promise<Json> {
  const { silenceMs = silenceMsDefault, signal, progress } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CancelledError('control'))
    const connection = connect(socket)
    let isConnected = false
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancelled)
      connection.destroy()
      finish()
    }
    const fail = (error: Error) => settle(() => reject(error))
    const cancelled = () => fail(new CancelledError('control'))
    const silent = () =>
      fail(new ConnectorError('CONTROL_SILENT', `control: the job has said nothing for ${silenceMs} ms; its process may be suspended, or busy with one long step; ask again, or look at the process`, { retryable: true }))
    const timer = setTimeout(silent, silenceMs)
    signal?.addEventListener('abort', cancelled, { once: true })
    connection.on('connect', () => {
      isConnected = true
      connection.write(encodeLine(request))
    })
    connection.on('error', cause => {
      const code = (cause as NodeJS.ErrnoException).code
      if (!isConnected && (code === 'ENOENT' || code === 'ECONNREFUSED')) fail(new ConnectorError('CONTROL_GONE', `control: nobody listens at ${socket} (${code}); the job has ended`, { cause }))
      else fail(lost(socket, cause))
    })
    connection.on('close', () => fail(lost(socket)))
    const line = (text: string) => {
      timer.refresh()
      try {
        const reply = decodeReply(text)
        if ('progress' in reply) progress?.(reply.progress)
        else if ('done' in reply) settle(() => resolve(reply.done))
        else fail(errorOf(reply))
      } catch (error) {
        fail(asError(error))
      }
    }
    readLines(connection, replyBytesMax, line, fail)
  })
}

function lost(socket: string, cause?: Error): ConnectorError {
  return new ConnectorError('CONTROL_LOST', `control: the connection to ${socket} broke off before the job had answered; ${cause ? `${cause.message}; ` : ''}its process has ended, or takes no further connection; ask again, or list what runs`, { cause })
}
