// Connections to Kafka's brokers: TCP, TLS, SASL and the framing of requests are the client library's, loaded on first use; what is in the
// requests is ours (format/kafka), so that fetched batches arrive as bytes and no object is made per record.
import { isIP } from 'node:net'
import { ConnectorError } from '../base/errors.ts'
import { reveal } from '../base/secret.ts'
import { apiVersionsKey, type Message } from '../format/kafka/messages.ts'
import type { HostPort, KafkaOptions } from './kafka-address.ts'
import { transportError, unreachable } from './kafka-errors.ts'

const connectTimeoutMsDefault = 10_000
const requestTimeoutMsDefault = 60_000

type Library = typeof import('@platformatic/kafka')

async function loadLibrary(where: string): Promise<Library> {
  try {
    return await import('@platformatic/kafka')
  } catch (cause) {
    throw new ConnectorError('KAFKA_CLIENT_MISSING', `${where}: the package @platformatic/kafka can't be loaded; ${cause instanceof Error ? cause.message : cause}; run npm install @platformatic/kafka`, { cause })
  }
}

/** An open connection to one broker. Requests are answered in order; a long poll holds up what is sent after it. */
export interface KafkaConnection {
  readonly address: string
  /** False once it broke off: open another. */
  isOpen(): boolean
  /** Sends a message and reads its answer. Throws ConnectorError KAFKA_UNREACHABLE (retryable), DataError KAFKA_PROTOCOL. */
  request<T>(message: Message<T>): Promise<T>
  close(): Promise<void>
}

/** Opens a connection, logged in. Throws ConnectorError KAFKA_UNREACHABLE, KAFKA_TLS, KAFKA_AUTH or KAFKA_CLIENT_MISSING; PlanError SECRET. */
export async function openKafkaConnection(options: KafkaOptions, broker: HostPort, where: string): Promise<KafkaConnection> {
  const library = await loadLibrary(where)
  const address = broker.host.includes(':') ? `[${broker.host}]:${broker.port}` : `${broker.host}:${broker.port}`
  const place = `${where}: broker ${address}`
  const { sasl } = options
  const connection = new library.Connection(options.clientId ?? 'millrace', {
    connectTimeout: options.connectTimeoutMs ?? connectTimeoutMsDefault,
    requestTimeout: options.requestTimeoutMs ?? requestTimeoutMsDefault,
    ...tlsOptions(options, broker, where),
    ...(sasl ? { sasl: { mechanism: sasl.mechanism, username: sasl.username, password: reveal(sasl.password, where) } } : {}),
  })
  // Failures reach us through requests; without a listener a late one would end the process.
  connection.on('error', () => {})
  try {
    await connection.connect(broker.host, broker.port)
  } catch (thrown) {
    throw transportError(thrown, place)
  }
  return {
    address,
    isOpen: () => connection.isConnected(),
    request: message => send(library, connection, message, place),
    close: async () => {
      await connection.close()
    },
  }
}

function tlsOptions(options: KafkaOptions, broker: HostPort, where: string): object {
  if (!options.tls) return {}
  const { ca, cert, key, rejectUnauthorized } = options.tls === true ? {} : options.tls
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: reveal(key, where) }),
    rejectUnauthorized: rejectUnauthorized ?? true,
  }
  // A name is announced (SNI); an address must not be.
  return isIP(broker.host) ? { tls } : { tls, tlsServerName: broker.host }
}

function send<T>(library: Library, connection: InstanceType<Library['Connection']>, message: Message<T>, place: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const payload = () => library.Writer.create().append(Buffer.from(message.body.buffer, message.body.byteOffset, message.body.length))
    connection.send<Uint8Array>(message.apiKey, message.version, payload, (_id, _key, _version, reader) => reader.buffer.slice(reader.position), true, message.apiKey !== apiVersionsKey, (error, answer) => {
      if (error || !answer) {
        // The library can't go on after an answer that came too late.
        connection.socket?.destroy()
        reject(error ? transportError(error, `${place}: ${message.name}`) : unreachable(`${place}: ${message.name}`, 'no answer came'))
        return
      }
      try {
        resolve(message.decode(answer))
      } catch (malformed) {
        reject(malformed)
      }
    })
  })
}
