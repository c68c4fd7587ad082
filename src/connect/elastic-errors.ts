// What goes wrong between us and an Elasticsearch or OpenSearch node, as ConnectorErrors with stable codes: from sockets, from statuses of whole
// answers, and from those of single documents. What a node says is quoted short, without control characters, and without secrets.
import { ConnectorError } from '../base/errors.ts'
import { redact } from '../base/secret.ts'

const quoteCharactersMax = 300
const busyStatuses = new Set([408, 429, 502, 503, 504])
const certificateCodes = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH|ERR_OSSL)/

/** True for statuses, of an answer or of one document, after which the same request may succeed in a moment. */
export function isBusy(status: number): boolean {
  return busyStatuses.has(status)
}

/** Text from outside as an error may hold it: one line, short, every revealed secret replaced by its name. */
export function quote(text: string): string {
  const line = redact(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return line.length > quoteCharactersMax ? `${line.slice(0, quoteCharactersMax)}…` : line
}

/** `type: reason` of an `error` member as the nodes write it; undefined where it is something else. */
export function reasonOf(error: unknown): string | undefined {
  if (typeof error === 'string') return quote(error)
  if (typeof error !== 'object' || error === null) return undefined
  const { type, reason } = error as { type?: unknown; reason?: unknown }
  const parts = [type, reason].filter(part => typeof part === 'string')
  return parts.length > 0 ? quote(parts.join(': ')) : undefined
}

/** The node can't be reached, breaks off, or stays busy. `attempts` were made. */
export function elasticUnreachable(where: string, found: string, attempts: number): ConnectorError {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  return new ConnectorError('ELASTIC_UNREACHABLE', `${where}: no answer that helps after ${tries}; ${found}; check the URL, that the node runs, and its load`, { retryable: true })
}

/** An answer that no such node gives. */
export function elasticProtocol(where: string, found: string): ConnectorError {
  return new ConnectorError('ELASTIC_PROTOCOL', `${where}: the answer is not that of Elasticsearch or OpenSearch; ${found}; check that the URL is the node's own and nothing in between answers for it`)
}

/** An error of a socket or of TLS. */
export function socketError(thrown: Error, where: string, attempts: number): ConnectorError {
  const first = thrown instanceof AggregateError && thrown.errors[0] instanceof Error ? (thrown.errors[0] as NodeJS.ErrnoException) : (thrown as NodeJS.ErrnoException)
  const code = first.code ?? ''
  const found = quote(first.message.includes(code) ? first.message : `${code}: ${first.message}`)
  if (certificateCodes.test(code)) return new ConnectorError('ELASTIC_TLS', `${where}: TLS failed; ${found}; check that the node speaks TLS there, and tls.ca and the host's name against its certificate`)
  if (code.startsWith('HPE_')) return elasticProtocol(where, found)
  return elasticUnreachable(where, found, attempts)
}

/** The error for an answer whose status is not 2xx. */
export function statusError(status: number, body: Buffer, where: string, attempts: number): ConnectorError {
  const found = `HTTP status ${status}${detailOf(body)}`
  if (isBusy(status)) return elasticUnreachable(where, found, attempts)
  if (status === 401 || status === 403) return denied(where, found)
  if (status === 404) return noIndex(where, found)
  if (status < 400) return elasticProtocol(where, found)
  return new ConnectorError('ELASTIC_REJECTED', `${where}: the request was refused; ${found}; see the node's log`)
}

function detailOf(body: Buffer): string {
  const text = body.subarray(0, 65_536).toString('utf8')
  try {
    const detail = reasonOf((JSON.parse(text) as { error?: unknown } | null)?.error)
    if (detail !== undefined) return `, ${detail}`
  } catch {
    // Proxies answer in HTML or plain text.
  }
  const plain = quote(text)
  return plain ? `, ${plain}` : ''
}

function denied(where: string, found: string): ConnectorError {
  return new ConnectorError('ELASTIC_AUTH', `${where}: not allowed; ${found}; check the API key, or username and password, and that they may write to this index`)
}

function noIndex(where: string, found: string): ConnectorError {
  return new ConnectorError('ELASTIC_INDEX', `${where}: the index can't be written to; ${found}; create it, open it, or let the cluster create it (action.auto_create_index)`)
}

/** What a node says of one document that it didn't take. */
export interface Refusal {
  readonly id: string
  readonly status: number
  readonly error: unknown
}

const indexErrors = new Set(['index_not_found_exception', 'invalid_index_name_exception', 'index_closed_exception'])

/** The error for documents that were refused for good: the first of `count`, of `sent` in the request. */
export function refusalError({ id, status, error }: Refusal, count: number, sent: number, where: string): ConnectorError {
  const type = (error as { type?: unknown } | null)?.type
  const found = `document "${quote(id)}": status ${status}, ${reasonOf(error) ?? 'no reason given'}; ${count} of ${sent} documents of this request were refused`
  if (typeof type === 'string' && indexErrors.has(type)) return noIndex(where, found)
  if (status === 401 || type === 'security_exception') return denied(where, found)
  if (status === 409)
    return new ConnectorError('ELASTIC_FENCED', `${where}: a later run has written here already; ${found}; run each job once at a time, check this machine's clock, or set versioned: false`)
  return new ConnectorError('ELASTIC_REJECTED', `${where}: documents were refused; ${found}; make the rows fit the index's mapping, or change it`)
}

/** The error for documents that a node kept putting off. */
export function busyError({ id, status, error }: Refusal, left: number, where: string, attempts: number): ConnectorError {
  return elasticUnreachable(where, `${left} documents were put off each time, first "${quote(id)}": status ${status}, ${reasonOf(error) ?? 'no reason given'}`, attempts)
}
