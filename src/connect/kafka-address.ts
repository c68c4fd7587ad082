// How a Kafka cluster is named: brokers, TLS and who logs in. Nothing here opens anything.
import { PlanError } from '../base/errors.ts'
import type { SecretLike } from '../base/secret.ts'

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

const portDefault = 9092

/** Host and port of `host:port`, `host` or `[v6]:port`. Throws PlanError KAFKA_BROKERS. */
export function parseBroker(text: string, where: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const port = Number(match?.[3] ?? portDefault)
  if (!match || port < 1 || port > 65_535) throw new PlanError('KAFKA_BROKERS', `${where}: "${text}" is no broker; write host:port, as in 'localhost:9092'`)
  return { host: (match[1] ?? match[2])!, port }
}
