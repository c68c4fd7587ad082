// Connections to Kafka's brokers: TCP, TLS, SASL and the framing of requests are the client library's, loaded on first use; what is in the
// requests is ours (format/kafka), so that fetched batches arrive as bytes and no object is made per record.
import { isIP } from 'node:net'
import { ConnectorError, PlanError } from '../base/errors.ts'
import { reveal, type SecretLike } from '../base/secret.ts'
import { apiVersionsKey, type Message } from '../format/kafka/messages.ts'
import { transportError, unreachable } from './kafka-errors.ts'

/** TLS to the brokers; texts are PEM. */
export interface KafkaTls {
  /** The authorities to trust instead of the machine's. */
  readonly ca?: string
  /** The client's certificate and key, where the broker asks for one. */
  readonly cert?: string
  readonly key?: SecretLike
  /** False trusts every certificate: for trials only. Default true. */
  readonly rejectUnauthorized?: boolean
}

/** Who logs in, and how. */
export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: SecretLike
}

/** How to reach a cluster; plain data but for secrets. */
export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  readonly tls?: boolean | KafkaTls
  readonly sasl?: KafkaSasl
  /** The name under which the brokers log us; default `millrace`. */
  readonly clientId?: string
  readonly connectTimeoutMs?: number
  readonly requestTimeoutMs?: number
}

/** A broker's host and port. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

const connectTimeoutMsDefault = 10_000
const requestTimeoutMsDefault = 60_000
const portDefault = 9092

/** Host and port of `host:port`, `host` or `[v6]:port`. Throws PlanError KAFKA_BROKERS. */
export function parseBroker(text: string, where: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const port = Number(match?.[3] ?? portDefault)
  if (!match || port < 1 || port > 65_535) throw new PlanError('KAFKA_BROKERS', `${where}: "${text}" is no broker; write host:port, as in 'localhost:9092'`)
  return { host: (match[1] ?? match[2])!, port }
}

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
