// The stable key hash, plainly, in bigint arithmetic; partitioning by it; and their entries in the catalogue of agreements.
import { keyGroupRange } from '../../../src/base/hash.ts'
import { bool, type DataType, float64, int32, int64, timestampMs, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { dictionaryCodes } from '../../../src/compute/dictionary-codes.ts'
import { hashColumns } from '../../../src/compute/hash.ts'
import { partitionBatch, rowsOfKeyGroups } from '../../../src/compute/partition.ts'
import { columnOf, rowsOf, sampleValues, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x)
const mix = (x: bigint): bigint => {
  x = u64((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n)
  x = u64((x ^ (x >> 27n)) * 0x94d049bb133111ebn)
  return x ^ (x >> 31n)
}

function wordOf(type: DataType, value: Value): bigint {
  if (value === null) return 0x6e756c6c9e3779b9n
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'string') {
    const bytes = [...new TextEncoder().encode(value)]
    let hash = 0x243f6a8885a308d3n
    for (let i = 0; i + 8 <= bytes.length; i += 8) hash = mix(hash ^ bytes.slice(i, i + 8).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n))
    const rest = bytes.slice(bytes.length - (bytes.length % 8)).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n)
    return u64(mix(hash ^ rest) + BigInt(bytes.length))
  }
  if (type.kind === 'float64') {
    if (Number.isNaN(value)) return 0x7ff8000000000000n
    return new BigUint64Array(new Float64Array([value === 0 ? 0 : (value as number)]).buffer)[0]!
  }
  return u64(BigInt(value as number | bigint))
}

/** The u32 hash of a row's key values. */
export function hashRow(types: readonly DataType[], values: readonly Value[]): number {
  const state = values.reduce<bigint>((state, value, i) => mix(state ^ u64(wordOf(types[i]!, value) + u64(BigInt(i + 1) * 0x9e3779b97f4a7c15n))), 0n)
  return Number(state >> 32n)
}

const types = [int32, int64, float64, utf8, bool, timestampMs]

export const hashAgreement = agreement({
  stem: 'hash',
  kernels: ['hashI32', 'hashI64', 'hashF64', 'hashView', 'hashBits', 'finishHash'],
  sample: (random, length, shape) => types.map(type => sampleValues(random, type, length, shape)),
  reference: table => [...types.keys(), -1].map(i => table[0]!.map((_, row) => (i < 0 ? hashRow(types, table.map(values => values[row]!)) : hashRow([types[i]!], [table[i]![row]!])))),
  compute(device, arena, table) {
    const columns = table.map((values, i) => columnOf(device, arena, types[i]!, values))
    const rows = table[0]!.length
    return [...types.keys(), -1].map(i => uint32sAt(device, hashColumns(device, arena, i < 0 ? columns : [columns[i]!], rows), rows))
  },
})

/** Texts by the codes of a dictionary hash as the texts do. */
export const hashCodesAgreement = agreement({
  stem: 'hash',
  kernels: ['wordsOfViews', 'hashCodes'],
  sample: (random, length, shape) => sampleValues(random, utf8, length, shape === 'full' ? 'few' : shape),
  reference: values => [...values, ...values].map(value => hashRow([utf8], [value])),
  compute(device, arena, values) {
    const twice = [...values, ...values]
    const column = columnOf(device, arena, utf8, twice)
    const making = dictionaryCodes(device, arena, [column])
    let step = making.next()
    while (!step.done) step = making.next()
    return uint32sAt(device, hashColumns(device, arena, [{ ...column, codes: step.value![0]! }], twice.length), twice.length)
  },
})

const fields = [int64, utf8].map((type, i) => ({ name: `k${i}`, type, nullable: true }))

export const partitionAgreement = agreement({
  stem: 'partition',
  kernels: ['countInstances', 'scatterRows', 'maskKeyGroups'],
  sample: (random, length, shape) => ({ parallelism: 1 + random.int(5), table: fields.map(field => sampleValues(random, field.type, length, shape)) }),
  reference({ parallelism, table }) {
    const rows = table[0]!.map((_, row) => table.map(values => values[row]!))
    const group = (row: Value[]) => hashRow([int64, utf8], row) >>> 25
    return Array.from({ length: parallelism }, (_, instance) => {
      const { start, end } = keyGroupRange(instance, parallelism)
      const own = rows.filter(row => group(row) >= start && group(row) < end)
      return { own, again: own }
    })
  },
  compute(device, arena, { parallelism, table }) {
    const batch = { fields, rowCount: table[0]!.length, columns: table.map((values, i) => columnOf(device, arena, fields[i]!.type, values)), arena: arena.address }
    return partitionBatch(device, arena, batch, ['k0', 'k1'], parallelism).map((part, instance) => ({
      own: part ? rowsOf(device, part) : [],
      again: rowsOf(device, rowsOfKeyGroups(device, arena, batch, ['k0', 'k1'], keyGroupRange(instance, parallelism))),
    }))
  },
})
