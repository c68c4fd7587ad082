// The columns that a Kafka source has.
import { binary, type DataType, int32, int64, timestampMs, utf8 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'

/** Columns of a record beside its value. */
export const kafkaMetadata = ['key', 'headers', 'partition', 'offset', 'timestamp'] as const
/** One of them. */
export type KafkaMetadata = (typeof kafkaMetadata)[number]

const types: Record<Exclude<KafkaMetadata, 'key'>, DataType> = { headers: utf8, partition: int32, offset: int64, timestamp: timestampMs }

/** The fields of a Kafka source: `value` (null: a tombstone), `metadata` as listed, and the hidden `$split`. */
export function kafkaFields(metadata: readonly KafkaMetadata[], keyType: 'utf8' | 'binary'): Field[] {
  return [
    { name: 'value', type: binary, nullable: true },
    ...metadata.map(name => (name === 'key' ? { name, type: keyType === 'utf8' ? utf8 : binary, nullable: true } : { name, type: types[name], nullable: false })),
    { name: '$split', type: int32, nullable: false },
  ]
}
