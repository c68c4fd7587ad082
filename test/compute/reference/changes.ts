// Rows that come and are taken back, plainly. And their entries in the catalogue of agreements.
import { expect } from 'vitest'
import type { Random } from '../../../src/base/random.ts'
import type { DataType } from '../../../src/batch/data-type.ts'
import { int32 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import type { AggregateSpec } from '../../../src/compute/accumulator.ts'
import { ChangingAccumulators } from '../../../src/compute/changing-accumulators.ts'
import { CountedRows } from '../../../src/compute/counted-rows.ts'
import { changesBetween, changeTexts, splitChanges, upsertsOf } from '../../../src/compute/changes.ts'
import { GroupTimes } from '../../../src/compute/group-times.ts'
import { GivenRows } from '../../../src/compute/given-rows.ts'
import { gatherColumn, gatherNumbers } from '../../../src/compute/gather.ts'
import { GroupTable } from '../../../src/compute/group-table.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { plainAggregate } from '../../support/plain-aggregates.ts'
import { columnOf, keyText, type Shape, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const change = parseType('int8', 'sample').type

/** Rows of groups in batches; each is added, or takes back an earlier one (odd changes). */
export interface ChangedRows {
  readonly types: readonly DataType[]
  readonly groups: number
  readonly batches: readonly { readonly gids: number[]; readonly changes: number[]; readonly columns: Value[][] }[]
}

/** Random ones, `length` of them. */
export function changedRows(random: Random, types: readonly DataType[], length: number, shape: Shape): ChangedRows {
  const groups = 1 + random.int(5)
  const columns = types.map(type => sampleValues(random, type, length, shape).map(value => (value === 0 ? 0 : value)))
  const held: { gid: number; values: Value[] }[] = []
  const rows = Array.from({ length }, (_, row) => {
    if (held.length > 0 && random.int(5) < 2) return { ...held.splice(random.int(held.length), 1)[0]!, change: 1 + 2 * random.int(2) }
    const added = { gid: random.int(groups), values: columns.map(column => column[row]!) }
    held.push(added)
    return { ...added, change: 2 * random.int(2) }
  })
  const batches = []
  while (rows.length > 0) {
    const part = rows.splice(0, 1 + random.int(length))
    batches.push({ gids: part.map(row => row.gid), changes: part.map(row => row.change), columns: types.map((_, i) => part.map(row => row.values[i]!)) })
  }
  return { types, groups, batches }
}

const tupleText = (values: readonly Value[]) => values.map(keyText).join(' | ')

/** The rows of each group that hold after each batch, equal ones together, in the order in which they came. Of a batch what is added comes first. */
export function plainHeld({ groups, batches }: ChangedRows): Value[][][][] {
  const held = Array.from({ length: groups }, () => new Map<string, { values: Value[]; count: number }>())
  return batches.map(({ gids, changes, columns }) => {
    for (const odd of [0, 1]) {
      for (const [row, gid] of gids.entries()) {
        if ((changes[row]! & 1) !== odd) continue
        const values = columns.map(column => column[row]!)
        const rows = held[gid]!
        const entry = rows.get(tupleText(values)) ?? { values, count: 0 }
        entry.count += odd ? -1 : 1
        if (entry.count === 0) rows.delete(tupleText(values))
        else rows.set(tupleText(values), entry)
      }
    }
    return held.map(rows => [...rows.values()].flatMap(({ values, count }) => Array.from({ length: count }, () => values)))
  })
}

/** The results of all groups after each batch, by accumulators that go through a checkpoint halfway. */
export function changedResults(device: Device, spec: AggregateSpec, { types, groups, batches }: ChangedRows): Value[][] {
  const specs: AggregateSpec[] = [{ fn: 'count' }, spec]
  let accumulators = new ChangingAccumulators(device, specs)
  const inputs = specs.map(own => (own.inputType ? 1 + (own.argTypes?.length ?? 0) : 0))
  let place = 0
  const results = batches.map(({ gids, changes, columns }, at) => {
    const arena = device.arena()
    try {
      const rows = gids.length
      const ids = columnOf(device, arena, int32, gids).values
      const read = [undefined, ...types.map((type, i) => columnOf(device, arena, type, columns[i]!))].slice(0, 1 + inputs[1]!)
      const table = new GivenRows(device, [{ name: 'n', type: int32, nullable: false }], 0)
      const touched = table.touch(arena, ids, rows, groups)
      const { added, taken } = splitChanges(device, arena, columnOf(device, arena, change, changes), rows)
      const of = (part: { indices: number; rows: number }) => read.map(column => column && gatherColumn(device, arena, column, part.indices, part.rows))
      accumulators.update(gatherNumbers(device, arena, ids, added), of(added), added.rows, groups, { first: BigInt(place), rows: added.indices })
      accumulators.retract(gatherNumbers(device, arena, ids, taken), gatherNumbers(device, arena, touched.dense, taken), touched, of(taken), taken.rows, groups)
      table.close()
      place += rows
      if (at === batches.length >> 1) {
        const restored = new ChangingAccumulators(device, specs)
        restored.merge(columnOf(device, arena, int32, Array.from({ length: groups }, (_, gid) => gid)).values, accumulators.partialColumns(arena, groups), groups, groups)
        accumulators.close()
        accumulators = restored
      }
      const order = Array.from({ length: groups }, (_, i) => groups - 1 - i)
      const some = { indices: columnOf(device, arena, int32, order).values, rows: groups }
      return valuesOf(device, accumulators.resultColumns(arena, groups, some)[1]!).reverse()
    } finally {
      arena.release()
    }
  })
  accumulators.close()
  return results
}

const int = (name: string) => parseType(name, 'sample').type
const specs: readonly AggregateSpec[] = [
  { fn: 'count', inputType: int32 },
  ...['int8', 'int64', 'uint64', 'decimal(18, 2)'].map(name => ({ fn: 'sum', inputType: int(name), options: name.startsWith('d') ? {} : { overflow: 'wrap' } })),
  ...['utf8', 'int32'].flatMap(name => ['min', 'list', 'mode'].map(fn => ({ fn, inputType: int(name) }))),
]

/** Accumulators that take rows back. */
export const changingAgreement = agreement({
  stem: 'changes',
  kernels: ['splitChanges', 'negateWords', 'negateWide', 'takeEntries', 'keepValues', 'mergeKept', 'pairsOfGroups', 'takeKept', 'heldPairs'],
  sample: (random, length, shape) => specs.map(spec => ({ spec, rows: changedRows(random, [spec.inputType!], Math.min(length, 200), shape) })),
  reference: samples => samples.map(({ spec, rows }) => plainHeld(rows).map(groups => groups.map(group => plainAggregate(spec, [group.map(values => values[0]!)])))),
  compute: (device, _, samples) => samples.map(({ spec, rows }) => changedResults(device, spec, rows)),
})

const givenTypes = ['int32', 'utf8', 'bool', 'list<utf8?>', 'decimal(9, 2)', 'int16', 'float64', 'null', 'struct<a: int16, b: utf8?>'].map(int)

interface Given {
  readonly batches: readonly { readonly keys: Value[]; readonly weights: number[]; readonly values: Value[][] }[]
}

function sampleGiven(random: Random, length: number, shape: Shape): Given {
  const few = givenTypes.map(type => sampleValues(random, type, 3, shape))
  return {
    batches: Array.from({ length: 6 }, () => {
      const keys = Array.from({ length: Math.min(length, 60) }, () => `the key of a group ${random.int(20)}`)
      return { keys, weights: keys.map(() => random.int(4)), values: few.map(values => keys.map(() => values[random.int(3)]!)) }
    }),
  }
}

// Texts of rows by key, and what changes of them: the first row of each key in a batch is what the key has now.
function plainGiven({ batches }: Given): string[][] {
  const held = new Map<string, string>()
  return batches.map(({ keys, weights, values }) => {
    const out: string[] = []
    for (const [row, key] of keys.entries()) {
      if (keys.indexOf(key) !== row) continue
      const text = `${key as string}: ${tupleText(values.map(column => column[row]!))}`
      const before = held.get(key as string)
      const has = weights[row]! > 0
      if (before === text && has) continue
      if (before !== undefined) out.push(`${has ? 1 : 3} ${before}`)
      if (has) out.push(`${before === undefined ? 0 : 2} ${text}`)
      if (has) held.set(key as string, text)
      else held.delete(key as string)
    }
    return out
  })
}

function computeGiven(device: Device, arena: Arena, { batches }: Given): string[][] {
  const fields = [int('utf8'), ...givenTypes].map((type, i) => ({ name: `c${i}`, type, nullable: true }))
  const table = new GroupTable(device, fields.slice(0, 1))
  let given = new GivenRows(device, fields, 1)
  const out = batches.map(({ keys, weights, values }, at) => {
    const own = device.arena()
    const key = columnOf(device, own, fields[0]!.type, keys)
    const gids = table.find(own, [key], keys.length)
    const touched = given.touch(own, gids, keys.length, table.groupCount)
    const columns = [key, ...values.map((column, i) => columnOf(device, own, givenTypes[i]!, column))].map(column => gatherColumn(device, own, column, touched.firsts, touched.rows))
    const firsts = [...device.memory.uint32s(touched.firsts, touched.rows)]
    const words = columnOf(device, own, int('int64'), firsts.map(row => BigInt(weights[row]!)))
    const { columns: changed, rowCount } = given.settle(arena, touched, columns, words.values)
    own.release()
    const cells = changed.map(column => valuesOf(device, column))
    const texts = Array.from({ length: rowCount }, (_, row) => `${cells.at(-1)![row] as number} ${cells[0]![row] as string}: ${tupleText(cells.slice(1, -1).map(column => column[row]!))}`)
    if (at === 2) {
      const copy = new GivenRows(device, fields, 1)
      const rows = given.rowsOf(arena)
      if (rows.gids.rows > 0) copy.restore(rows.gids.indices, rows.columns, rows.gids.rows, table.groupCount)
      given.close()
      given = copy
    }
    return texts
  })
  table.close()
  given.close()
  return out
}

/** Rows that groups were given out with. */
export const givenRowsAgreement = agreement({
  stem: 'changes',
  kernels: ['touchGroups', 'takeSlots', 'giveSlots', 'slotsInUse', 'settleChanges', 'netInserts', 'markDiffering', 'markDifferingViews', 'markDifferingIds'],
  sample: sampleGiven,
  reference: plainGiven,
  compute: computeGiven,
})

/** What changes are, as texts and for those who keep a row per key. */
export const changeTextsAgreement = agreement({
  stem: 'changes',
  kernels: ['changeNumbers', 'upsertedRows'],
  sample: (random, length) => Array.from({ length }, () => random.int(4)),
  reference: changes => ({ texts: changes.map(is => ['+I', '-U', '+U', '-D'][is]!), upserts: changes.flatMap((is, row) => (is === 1 ? [] : [[row, is === 3]])) }),
  compute(device, arena, changes) {
    const column = columnOf(device, arena, change, changes)
    const rows = columnOf(device, arena, int32, changes.map((_, row) => row))
    const fields = [{ name: 'row', type: int32, nullable: false }, { name: '$change', type: change, nullable: false }]
    const { batch, deleted } = upsertsOf(device, arena, { fields, rowCount: changes.length, columns: [rows, column], arena: arena.address })
    return { texts: valuesOf(device, changeTexts(device, arena, column, changes.length)) as string[], upserts: valuesOf(device, batch.columns[0]!).map((row, i) => [row, deleted![i] === 1] as (number | boolean)[]) }
  },
})

/** What has changed between two lists of rows. */
export const betweenAgreement = agreement({
  stem: 'changes',
  kernels: ['differingRows'],
  sample: (random, length) => [0, 0].map(() => Array.from({ length: random.int(length + 1) }, () => `a text of some length ${random.int(9)}`)) as [string[], string[]],
  reference([before, after]) {
    const less = (rows: readonly string[], others: readonly string[]) => {
      const left = [...others]
      return rows.filter(row => (left.includes(row) ? (left.splice(left.indexOf(row), 1), false) : true))
    }
    return [...less(before, after).map(row => `3 ${row}`), ...less(after, before).map(row => `0 ${row}`)].sort()
  },
  compute(device, arena, rows) {
    const fields = [{ name: 'text', type: int('utf8'), nullable: false }]
    const [before, after] = rows.map(texts => ({ columns: [columnOf(device, arena, fields[0]!.type, texts)], rowCount: texts.length }))
    const { columns } = changesBetween(device, arena, fields, before!, after!)
    const [texts, is] = columns.map(column => valuesOf(device, column))
    return texts!.map((row, i) => `${is![i] as number} ${row as string}`).sort()
  },
})

/** When groups were touched. */
export const groupTimesAgreement = agreement({
  stem: 'changes',
  kernels: ['stampGroups', 'freshGroups'],
  sample: (random, length) => ({ times: Array.from({ length }, () => random.int(50)), since: random.int(50) }),
  reference: ({ times, since }) => times.flatMap((time, gid) => (time >= since ? [[gid, time]] : [])),
  compute(device, arena, { times, since }) {
    const [one, two] = [new GroupTimes(device), new GroupTimes(device)]
    const all = { indices: columnOf(device, arena, int32, times.map((_, gid) => gid)).values, rows: times.length }
    times.forEach((time, gid) => one.touch({ indices: all.indices + 4 * gid, rows: 1 }, times.length, time))
    two.restore(all.indices, one.column(arena, all, times.length), times.length)
    const chosen = two.since(arena, all, times.length, since)
    const found = valuesOf(device, two.column(arena, chosen, times.length)) as number[]
    const gids = [...device.memory.uint32s(chosen.indices, chosen.rows)]
    one.close()
    two.close()
    return gids.map((gid, i) => [gid, found[i]!])
  },
})

/** Rows with how often each holds. */
export const countedRowsAgreement = agreement({
  stem: 'changes',
  kernels: ['countChanges', 'leastCount', 'rowsOfCounts'],
  sample: (random, length, shape) => changedRows(random, [int('utf8'), int('int64')], length, shape),
  reference: rows => ({ owes: false, rows: (plainHeld({ ...rows, groups: 1, batches: rows.batches.map(batch => ({ ...batch, gids: batch.gids.map(() => 0) })) }).at(-1)?.[0] ?? []).map(tupleText).sort() }),
  compute(device, arena, { types, batches }) {
    const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    const [one, two] = [new CountedRows(device, fields), new CountedRows(device, fields)]
    for (const [at, { columns, changes }] of batches.entries()) {
      const own = device.arena()
      ;(at % 2 ? two : one).take(columns.map((column, i) => columnOf(device, own, types[i]!, column)), columnOf(device, own, change, changes), changes.length)
      own.release()
    }
    one.restore(arena, two.state(arena))
    const { columns, rowCount } = one.rows(arena)
    const cells = columns.map(column => valuesOf(device, column))
    const rows = Array.from({ length: rowCount }, (_, row) => tupleText(cells.map(column => column[row]!))).sort()
    const { owes } = one
    one.close()
    two.close()
    return { owes, rows }
  },
  compare: (actual, expected) => expect(actual).toEqual(expected),
})
