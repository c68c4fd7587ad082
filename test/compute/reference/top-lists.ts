// The first rows of groups while rows come and are taken back, plainly. And their entry in the catalogue of agreements.
import type { Value } from '../../../src/batch/read-values.ts'
import { int32 } from '../../../src/batch/data-type.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import { placesOf } from '../../../src/compute/row-numbers.ts'
import { TopLists } from '../../../src/compute/top-lists.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { columnOf, keyText, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { changedRows, type ChangedRows } from './changes.ts'

interface Sample {
  readonly rows: ChangedRows
  readonly count: number
  readonly changing: boolean
  readonly ranked: boolean
  readonly latest: boolean
}

const types = ['int32', 'utf8'].map(name => parseType(name, 'sample').type)
const change = parseType('int8', 'sample').type
const number = (value: Value) => (value === null ? Number.POSITIVE_INFINITY : (value as number))
// Rows that only add up: those that are taken back are left out.
const added = ({ batches, ...rest }: ChangedRows): ChangedRows => ({
  ...rest,
  batches: batches.map(({ gids, changes, columns }) => {
    const kept = gids.flatMap((_, row) => (changes[row]! % 2 ? [] : [row]))
    return { gids: kept.map(row => gids[row]!), changes: kept.map(() => 0), columns: columns.map(column => kept.map(row => column[row]!)) }
  }),
})

// Texts of the first rows of all groups after each batch.
function plainTops({ rows, count, ranked, latest }: Sample): string[][] {
  const held: { gid: number; values: Value[] }[] = []
  return rows.batches.map(({ gids, changes, columns }) => {
    gids.forEach((gid, row) => {
      const values = columns.map(column => column[row]!)
      const is = (other: (typeof held)[number]) => other.gid === gid && other.values.every((value, i) => keyText(value) === keyText(values[i]!))
      if (changes[row]! % 2) held.splice(held.findIndex(is), 1)
      else held.push({ gid, values })
    })
    return Array.from({ length: rows.groups }, (_, gid) => {
      const own = held.filter(row => row.gid === gid)
      if (latest) own.reverse()
      own.sort((a, b) => number(a.values[0]!) - number(b.values[0]!) || 0)
      return own.slice(0, count).map(({ values }, i) => `${gid} ${ranked ? i + 1 : ''} ${values.map(keyText).join(' | ')}`)
    }).flat().sort()
  })
}

function computeTops(device: Device, arena: Arena, { rows, count, changing, ranked, latest }: Sample): string[][] {
  const fields = [{ name: 'group', type: int32, nullable: false }, ...types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))]
  const options = { count, order: [{ index: 1, descending: false, nullsFirst: false }], keepsAll: changing, ranked, latest }
  let lists = new TopLists(device, fields, options)
  const held = new Map<string, number>()
  const results = rows.batches.map(({ gids, changes, columns }, at) => {
    const own = device.arena()
    const ids = columnOf(device, own, int32, gids)
    const batch = { columns: [ids, ...columns.map((column, i) => columnOf(device, own, types[i]!, column))], rowCount: gids.length }
    const given = lists.take(arena, ids.values, rows.groups, batch, changing ? columnOf(device, own, change, changes) : undefined)
    own.release()
    const [whats, places, ...cells] = [given.changes, given.places, ...given.columns].map(column => valuesOf(device, column))
    for (let row = 0; row < given.rowCount; row++) {
      const text = `${cells[0]![row] as number} ${ranked ? (places![row] as number) : ''} ${cells.slice(1).map(column => keyText(column[row]!)).join(' | ')}`
      const now = (held.get(text) ?? 0) + ((whats![row] as number) % 2 ? -1 : 1)
      if (now < 0) return [`${text} was taken back`]
      if (now === 0) held.delete(text)
      else held.set(text, now)
    }
    if (at % 3 === 1) {
      const state = lists.state(arena)
      const restored = new TopLists(device, fields, options)
      if (state.rowCount > 0) restored.restore(state.columns[0]!.values, rows.groups, state)
      lists.close()
      lists = restored
    }
    return [...held].flatMap(([text, times]) => Array.from({ length: times }, () => text)).sort()
  })
  lists.close()
  return results
}

export const topListsAgreement = agreement({
  stem: 'top-lists',
  kernels: ['touchLists', 'rowsOfLists', 'rowsInTurn', 'cancelRows', 'settleLists', 'allRowsOfLists', 'restoreLists'],
  sample(random, length, shape): Sample {
    const changing = random.int(2) === 0
    const rows = changedRows(random, types, length > 100 ? 300 : length, shape === 'full' || shape === 'extreme' ? 'few' : shape)
    return { rows: changing ? rows : added(rows), count: 1 + random.int(4), changing, ranked: random.int(2) === 0, latest: random.int(2) === 0 }
  },
  reference: plainTops,
  compute: computeTops,
})

export const placesAgreement = agreement({
  stem: 'top-lists',
  kernels: ['placesInRuns'],
  sample: (random, length) => Array.from({ length }, () => random.int(3)).sort(),
  reference: ids => ids.map((id, row) => row + 1 - ids.indexOf(id)),
  compute: (device, arena, ids) => valuesOf(device, placesOf(device, arena, columnOf(device, arena, int32, ids).values, ids.length)) as number[],
})
