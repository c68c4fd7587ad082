// Sorted rows, plainly: rows by part, in order; keys as bigints packed side by side. And their entries in the catalogue of agreements.
import { bool, type DataType, int32, int64, utf8 } from '../../../src/batch/data-type.ts'
import { type Value, valueReader } from '../../../src/batch/read-values.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import type { Column } from '../../../src/batch/batch.ts'
import { dictionaryCodes } from '../../../src/compute/dictionary-codes.ts'
import { joinBlockPacks } from '../../../src/compute/joined-packs.ts'
import { JoinedBlocks } from '../../../src/compute/joined-blocks.ts'
import { KeyNumbers } from '../../../src/compute/key-numbers.ts'
import { packFor, packKeys, unpackKeys } from '../../../src/compute/key-pack.ts'
import { buildBlock, partCount, partRange, readBlock, sliceColumns, writeBlock } from '../../../src/compute/row-block.ts'
import { WordTable } from '../../../src/compute/word-table.ts'
import { type Arena, releaseArena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { columnOf, sampleValues, uint32sAt, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { groupRows } from './group.ts'
import { hashRow } from './hash.ts'

const keyTypes = [int64, utf8]
const valueTypes = ['int8', 'int16?', 'int32?', 'float64', 'decimal(20, 2)?', 'bool?', 'utf8?', 'bool'].map(name => parseType(name, 'test').type)

const rowsOf = (table: readonly Value[][]): Value[][] => table[0]!.map((_, row) => table.map(values => values[row]!))

export const rowBlockAgreement = agreement({
  stem: 'row-block',
  kernels: ['countParts', 'placeByPart', 'scatterWord1', 'scatterWord2', 'scatterWord4', 'scatterWord8', 'scatterWord16', 'scatterBits', 'joinPart', 'joinBits'],
  sample: (random, length, shape) => Array.from({ length: 3 }, (_, i) => [...keyTypes, ...valueTypes].map((type, c) => sampleValues(random, type, length >> i, c === 9 ? 'full' : shape))),
  reference(inputs) {
    const rows = inputs.flatMap(rowsOf)
    return Array.from({ length: partCount }, (_, part) => rows.filter(row => hashRow(keyTypes, row.slice(0, 2)) >>> 22 === part)).filter(part => part.length > 0)
  },
  // Two blocks: one of two inputs, one of one; read back by address.
  compute(device, arena, inputs) {
    const input = (table: Value[][]) => {
      const columns = table.map((values, i) => columnOf(device, arena, [...keyTypes, ...valueTypes][i]!, values))
      return { keys: columns.slice(0, 2), values: columns.slice(2), rowCount: table[0]!.length }
    }
    const blocks = [inputs.slice(0, 2), inputs.slice(2)].map(tables => {
      const built = buildBlock(device, tables.map(input), 'rows')
      const read = readBlock(device, writeBlock(device, arena, built))
      releaseArena(device, built.arena)
      return read
    })
    const joined = new JoinedBlocks(device, blocks)
    try {
      const parts = Array.from({ length: partCount }, (_, part) => {
        const rows = joined.rowCount(part)
        if (rows === 0) return []
        const { keys, values } = joined.columns(arena, part, rows)
        return rowsOf([...keys, ...values].map(column => valuesOf(device, column)))
      })
      return parts.filter(part => part.length > 0)
    } finally {
      joined.close()
      for (const block of blocks) releaseArena(device, block.arena)
    }
  },
})

const nested = ['list<int32?>', 'struct<a: utf8, b: list<bool?>>', 'binary(3)', 'null'].map(name => parseType(name, 'test').type)

/** Columns that can't be joined with others', and places. */
export const nestedBlockAgreement = agreement({
  stem: 'row-block',
  kernels: [],
  sample: (random, length, shape) => [int32, ...nested].map(type => sampleValues(random, type, length, shape)),
  reference: table => rowsOf(table).map((row, i) => ({ row, part: hashRow([int32], [row[0]!]) >>> 22, i })).sort((a, b) => a.part - b.part || a.i - b.i).map(({ row, i }) => [...row, i]),
  compute(device, arena, table) {
    const [keys, ...values] = table.map((v, i) => columnOf(device, arena, [int32, ...nested][i]!, v)) as [Column, ...Column[]]
    const block = buildBlock(device, [{ keys: [keys], values, rowCount: table[0]!.length, place: 7n }], 'rows')
    try {
      return Array.from({ length: partCount }, (_, part) => {
        const { start, count } = partRange(device, block, part)
        if (count === 0) return []
        const keyValues = block.pack ? unpackKeys(device, arena, block.pack, [{ name: 'k', type: int32, nullable: true }], block.keys[0]!.values + 8 * start, count) : sliceColumns(block.keys, start, count)
        const columns = [...keyValues, ...sliceColumns(block.values, start, count)].map(column => valuesOf(device, column))
        return rowsOf([...columns, uint32sAt(device, block.place!.rows + 4 * start, count)])
      }).flat()
    } finally {
      releaseArena(device, block.arena)
    }
  },
})

const packTypes: DataType[] = [bool, int32, utf8, int64]
const packFields = packTypes.map((type, i) => ({ name: `k${i}`, type, nullable: true }))

function coded(device: Device, arena: Arena, column: Column): Column {
  const making = dictionaryCodes(device, arena, [column])
  let step = making.next()
  while (!step.done) step = making.next()
  return { ...column, ...(step.value && { codes: step.value[0]! }) }
}

export const keyPackAgreement = agreement({
  stem: 'key-pack',
  kernels: ['packI32', 'packI64', 'packBools', 'unpackI32', 'unpackI64', 'unpackBools', 'maskPacked', 'invertMap'],
  sample: (random, length, shape) => packTypes.map(type => sampleValues(random, type, length, shape === 'extreme' || shape === 'full' ? 'few' : shape)).map((values, c) => (c === 3 ? values.map(v => (v === null ? null : BigInt.asIntN(20, v as bigint) - 500_000n)) : c === 1 ? values.map(v => (v === null ? null : (v as number) >> 12)) : values)),
  reference: table => ({ values: table, codes: table[2]! }),
  compute(device, arena, table) {
    const rows = table[0]!.length
    const columns = table.map((values, i) => (packTypes[i] === utf8 ? coded(device, arena, columnOf(device, arena, utf8, values)) : columnOf(device, arena, packTypes[i]!, values)))
    const pack = packFor(device, arena, [columns])
    if (!pack) throw new Error('the sample does not fit a word')
    const found = unpackKeys(device, arena, pack, packFields, packKeys(device, arena, pack, columns, rows), rows)
    const read = valueReader(device.memory, found[2]!.codes!.dictionary)
    const isNull = valuesOf(device, found[2]!).map(value => value === null)
    return { values: found.map(column => valuesOf(device, column)), codes: uint32sAt(device, found[2]!.codes!.values, rows).map((code, row) => (isNull[row] ? null : read(code))) }
  },
})

const joinedTypes: DataType[] = [utf8, int32, bool]
const joinedFields = joinedTypes.map((type, i) => ({ name: `k${i}`, type, nullable: true }))

/** Blocks of two threads, the second of them of two inputs, whose keys are packed by dictionaries and ranges of their own. */
export const joinedPacksAgreement = agreement({
  stem: 'joined-packs',
  kernels: ['gatherView', 'zeroNullViews'],
  sample: (random, length, shape) => [length, length >> 1, length].map((rows, i) => joinedTypes.map(type => sampleValues(random, type, rows, shape === 'extreme' || shape === 'full' ? 'few' : shape).map(value => (typeof value === 'number' ? (value >> 16) * (i + 1) : value)))),
  reference: inputs => ({ rows: inputs.flatMap(rowsOf).map(row => JSON.stringify(row)).sort(), words: new Set(inputs.flatMap(rowsOf).map(row => JSON.stringify(row))).size }),
  compute(device, arena, inputs) {
    const input = (table: Value[][]) => ({ keys: table.map((values, i) => columnOf(device, arena, joinedTypes[i]!, values)), values: [], rowCount: table[0]!.length })
    const dictionaries = device.arena()
    const blocks = [inputs.slice(0, 1), inputs.slice(1)].map(tables => {
      const numbers = new KeyNumbers(device, joinedTypes)
      const scratch = device.arena()
      const given = tables.map(input)
      const numbered = numbers.number(scratch, given.map(({ keys }) => keys))
      const block = buildBlock(device, given.map((one, i) => ({ ...one, keys: numbered[i]! })), 'rows')
      numbers.close()
      scratch.release()
      return block
    })
    try {
      const joined = joinBlockPacks(device, dictionaries, blocks, 0, partCount)
      if (!joined) throw new Error('the sample does not fit a word')
      const rows: string[] = []
      const words = new Set<bigint>()
      for (const block of joined.blocks) {
        for (let part = 0; part < partCount; part++) {
          const { start, count } = partRange(device, block, part)
          const address = block.keys[0]!.values + 8 * start
          for (const word of device.memory.int64s(address, count)) words.add(word)
          const columns = unpackKeys(device, arena, joined.pack, joinedFields, address, count).map(column => valuesOf(device, column))
          if (count > 0) rows.push(...rowsOf(columns).map(row => JSON.stringify(row)))
        }
      }
      return { rows: rows.sort(), words: words.size }
    } finally {
      for (const block of blocks) releaseArena(device, block.arena)
      dictionaries.release()
    }
  },
})

export const wordTableAgreement = agreement({
  stem: 'word-table',
  kernels: ['groupWords', 'enterWords'],
  sample: (random, length, shape) => [0n, 1n].map(part => sampleValues(random, int64, 20 * length, shape === 'nulls' || shape === 'allNull' ? 'few' : shape).map(value => ((value as bigint) << 1n) | part)),
  reference(parts) {
    const words = parts.flat().map(word => BigInt.asIntN(64, word))
    const { gids, firsts } = groupRows(words.map(word => [word]))
    return { gids, words: firsts.map(row => words[row]!) }
  },
  compute(device, arena, parts) {
    const table = new WordTable(device)
    try {
      table.begin(3)
      table.reset()
      const gids = parts.flatMap(words => {
        const column = columnOf(device, arena, int64, words.map(word => BigInt.asIntN(64, word)))
        table.begin(words.length >> 3)
        return uint32sAt(device, table.find(arena, column.values, words.length), words.length)
      })
      return { gids, words: [...device.memory.int64s(table.words, table.groupCount)] }
    } finally {
      table.close()
    }
  },
})

