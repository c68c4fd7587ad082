// What goes wrong between us and Kafka, as ConnectorErrors with stable codes: from the client library's network errors and from the protocol's numbers.
import { ConnectorError } from '../base/errors.ts'
import { redact } from '../base/secret.ts'

const unknownTopic = 3
const offsetOutOfRange = 1
/** A transaction still holds offsets that were asked for. */
export const unstableOffsets = 88
/** The broker has the batch already. */
export const duplicateSequence = 46

const names: Record<number, string> = {
  1: 'OFFSET_OUT_OF_RANGE', 2: 'CORRUPT_MESSAGE', 3: 'UNKNOWN_TOPIC_OR_PARTITION', 5: 'LEADER_NOT_AVAILABLE', 6: 'NOT_LEADER_OR_FOLLOWER', 7: 'REQUEST_TIMED_OUT',
  8: 'BROKER_NOT_AVAILABLE', 9: 'REPLICA_NOT_AVAILABLE', 10: 'MESSAGE_TOO_LARGE', 13: 'NETWORK_EXCEPTION', 14: 'COORDINATOR_LOAD_IN_PROGRESS', 15: 'COORDINATOR_NOT_AVAILABLE',
  16: 'NOT_COORDINATOR', 17: 'INVALID_TOPIC', 18: 'RECORD_LIST_TOO_LARGE', 19: 'NOT_ENOUGH_REPLICAS', 20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 24: 'INVALID_GROUP_ID', 25: 'UNKNOWN_MEMBER_ID',
  29: 'TOPIC_AUTHORIZATION_FAILED', 30: 'GROUP_AUTHORIZATION_FAILED', 31: 'CLUSTER_AUTHORIZATION_FAILED', 35: 'UNSUPPORTED_VERSION', 45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH', 48: 'INVALID_TXN_STATE', 49: 'INVALID_PRODUCER_ID_MAPPING', 50: 'INVALID_TRANSACTION_TIMEOUT', 51: 'CONCURRENT_TRANSACTIONS', 53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  56: 'KAFKA_STORAGE_ERROR', 59: 'UNKNOWN_PRODUCER_ID', 74: 'FENCED_LEADER_EPOCH', 75: 'UNKNOWN_LEADER_EPOCH', 78: 'OFFSET_NOT_AVAILABLE', 87: 'INVALID_RECORD', 88: 'UNSTABLE_OFFSET_COMMIT',
  89: 'THROTTLING_QUOTA_EXCEEDED', 90: 'PRODUCER_FENCED', 100: 'UNKNOWN_TOPIC_ID', 103: 'INCONSISTENT_TOPIC_ID', 120: 'TRANSACTION_ABORTABLE',
}

const staleLeader = new Set([5, 6, 9, 56, 74, 75])
const staleCoordinator = new Set([14, 15, 16])
const passing = new Set([7, 8, 13, 19, 20, 51, 78, 89])
const denied = new Set([29, 30, 31, 53])
const fenced = new Set([47, 49, 90])

/** Whether the same request may succeed in a moment, and what must be asked anew before. */
export function retryOf(errorCode: number): 'leader' | 'coordinator' | 'same' | undefined {
  if (staleLeader.has(errorCode)) return 'leader'
  if (staleCoordinator.has(errorCode)) return 'coordinator'
  return passing.has(errorCode) ? 'same' : undefined
}

/** An error of the protocol. `where` says what was being done to what. */
export function protocolError(errorCode: number, where: string, detail?: string | null): ConnectorError {
  const found = `the broker answers ${names[errorCode] ?? 'error'} (${errorCode})${detail ? `: ${detail}` : ''}`
  if (errorCode === unknownTopic) return new ConnectorError('KAFKA_TOPIC_MISSING', `${where}: the topic or partition does not exist; ${found}; create it, or check the name`)
  if (errorCode === offsetOutOfRange) return new ConnectorError('KAFKA_OFFSET_GONE', `${where}: the offset is no longer (or not yet) there; ${found}; start from 'earliest' or 'latest', or lengthen the topic's retention`)
  if (denied.has(errorCode)) return new ConnectorError('KAFKA_DENIED', `${where}: not allowed; ${found}; grant the user this operation`)
  if (fenced.has(errorCode)) return new ConnectorError('KAFKA_FENCED', `${where}: another producer has taken over this transactional id; ${found}; run each job once at a time, under a name of its own`)
  if (errorCode === 10 || errorCode === 18) return new ConnectorError('KAFKA_TOO_LARGE', `${where}: a record is larger than the topic takes; ${found}; raise max.message.bytes or write smaller records`)
  if (errorCode === 120 || errorCode === 48) return new ConnectorError('KAFKA_TRANSACTION_ABORTED', `${where}: the transaction can't go on; ${found}; it is aborted and its epoch written again`, { retryable: true })
  if (errorCode === 50) return new ConnectorError('KAFKA_TRANSACTION_TIMEOUT', `${where}: the transaction timeout is longer than the broker allows; ${found}; lower it or raise transaction.max.timeout.ms`)
  if (errorCode === 35) return new ConnectorError('KAFKA_VERSION', `${where}: the broker is too old; ${found}; Millrace needs Kafka 3.8 or later`)
  return new ConnectorError('KAFKA_REFUSED', `${where}: refused; ${found}; see the broker's log`, { retryable: retryOf(errorCode) !== undefined })
}

/** No broker answers. */
export function unreachable(where: string, found: string, cause?: unknown): ConnectorError {
  return new ConnectorError('KAFKA_UNREACHABLE', `${where}: the broker can't be reached; ${redact(found)}; check the address, that the broker runs, and that its listener speaks what the options say (TLS, SASL)`, { cause, retryable: true })
}

const certificateCodes = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH|ERR_OSSL)/

/** An error of the client library while connecting or asking; `where` names the broker. No credential is quoted. */
export function transportError(thrown: unknown, where: string): ConnectorError {
  const chain = chainOf(thrown)
  const found = chain.map(error => error.message).filter((text, i, all) => text && all.indexOf(text) === i).join(': ') || String(thrown)
  const refusal = chain.find(error => error.code === 'PLT_KFK_AUTHENTICATION')
  if (refusal || chain.some(error => error.apiId === 'UNSUPPORTED_SASL_MECHANISM' || error.apiId === 'SASL_AUTHENTICATION_FAILED')) {
    return new ConnectorError('KAFKA_AUTH', `${where}: the broker refuses the login; ${redact(found)}; check mechanism, username and password`)
  }
  const certificate = chain.find(error => typeof error.code === 'string' && certificateCodes.test(error.code))
  if (certificate) return new ConnectorError('KAFKA_TLS', `${where}: TLS failed; ${certificate.code}: ${certificate.message}; check that the listener speaks TLS, and tls.ca and the host's name against the broker's certificate`)
  return unreachable(where, found, undefined)
}

interface LibraryError extends Error {
  code?: string
  apiId?: string
}

function chainOf(thrown: unknown): LibraryError[] {
  const chain: LibraryError[] = []
  const visit = (error: unknown): void => {
    if (!(error instanceof Error) || chain.includes(error) || chain.length > 16) return
    chain.push(error)
    visit(error.cause)
    if (error instanceof AggregateError) error.errors.forEach(visit)
  }
  visit(thrown)
  return chain
}
