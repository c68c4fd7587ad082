// How users name a Kafka cluster in `read.kafka` and `write.kafka`: plain data of the plan, checked before anything is opened.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { SecretLike } from '../base/secret.ts'
import { type KafkaOptions, type KafkaSasl, type KafkaTls, parseBroker } from './kafka-address.ts'

/** Brokers and how to be let in; a secret stays a reference. */
export interface KafkaAccess {
  readonly brokers?: readonly string[]
  readonly tls?: boolean | KafkaTls
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: SecretLike }
}

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

/** The options of `connectKafka`. Throws PlanError KAFKA_BROKERS or KAFKA_SASL naming `where`; opens nothing, reveals nothing. */
export function clusterOptions({ brokers, tls, sasl }: KafkaAccess, where: string): KafkaOptions {
  if (!Array.isArray(brokers) || brokers.length === 0) {
    throw new PlanError('KAFKA_BROKERS', `${where}: no broker is named; found ${JSON.stringify(brokers) ?? 'nothing'}; write { brokers: ['localhost:9092'] } (only dead letters of read.kafka go to its brokers by themselves)`)
  }
  for (const broker of brokers) parseBroker(String(broker), where)
  return { brokers, ...(tls !== undefined && { tls }), ...(sasl !== undefined && { sasl: login(sasl, where) }) }
}

function login({ mechanism, username, password }: NonNullable<KafkaAccess['sasl']>, where: string): KafkaSasl {
  const name = String(mechanism).toLowerCase()
  if (!(mechanisms as readonly string[]).includes(name)) {
    throw new PlanError('KAFKA_SASL', `${where}: SASL mechanism "${mechanism}" is unknown; the mechanisms are ${mechanisms.join(', ')}${didYouMean(name, mechanisms)}`)
  }
  return { mechanism: name.toUpperCase() as KafkaSasl['mechanism'], username, password }
}

/** Checks a topic's name. Throws PlanError KAFKA_TOPIC naming `where`. */
export function checkTopicName(topic: unknown, where: string): void {
  if (typeof topic === 'string' && /^[\w.-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return
  throw new PlanError('KAFKA_TOPIC', `${where}: ${JSON.stringify(topic) ?? 'nothing'} is no topic name; Kafka takes 1 to 249 letters, digits, dots, - and _`)
}
