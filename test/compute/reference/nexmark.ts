// The Nexmark events of a range, made one by one in TypeScript as for JSON. And their entry in the catalogue of agreements.
import type { Random } from '../../../src/base/random.ts'
import { type DataType, timestampMs } from '../../../src/batch/data-type.ts'
import { nexmarkColumns, nexmarkKinds, nexmarkStructs } from '../../../src/compute/nexmark.ts'
import { eventFields, houseOf, nexmarkFields } from '../../../src/source/nexmark-columns.ts'
import { NexmarkEvents, type NexmarkKind } from '../../../src/source/nexmark-events.ts'
import { valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const int8: DataType = { kind: 'int8' }
const kinds = ['person', 'auction', 'bid'] as const

function valueOf(events: NexmarkEvents, kind: NexmarkKind, name: string): unknown {
  const { text, extraStart, extraBytes } = events
  const plain = events as unknown as Record<string, unknown>
  switch (name) {
    case 'extra':
      return String.fromCharCode(...text.pool.subarray(extraStart, extraStart + extraBytes))
    case 'channel':
      return text.channels[events.channel]
    case 'url':
      return text.urls[events.channel]
    case 'dateTime':
      return events.time
    case 'expires':
      return events.expires
    case 'emailAddress':
      return events.email
    case 'itemName':
      return events.name
    default:
      return typeof plain[name] === 'number' ? BigInt(plain[name]) : plain[name]
  }
}

function draw(random: Random, length: number) {
  const wanted = kinds.map(kind => nexmarkFields[kind].map(({ name }) => name).filter(() => random.int(4) > 0))
  return {
    options: {
      seed: random.uint32(),
      rate: [100_000, 1, 1e9][random.int(3)]!,
      baseTimeMs: 1_436_918_400_000,
      disorder: [1, 1, 7, 50, 953][random.int(5)]!,
      doubleBidderOffset: random.int(2) > 0,
    },
    first: [0, random.int(1e6), 2 ** 32 - random.int(100), 2 ** 40 + random.int(1000)][random.int(4)]!,
    events: length,
    wanted,
  }
}

/** Every kind, alone and as structs. */
export const nexmarkAgreement = agreement({
  stem: 'nexmark',
  kernels: ['nexmarkBids', 'nexmarkAuctions', 'nexmarkPersons', 'nexmarkKinds'],
  sample: (random, length) => draw(random, length),
  reference({ options, first, events, wanted }) {
    const one = new NexmarkEvents(options)
    const numbers = Array.from({ length: events }, (_, i) => first + i)
    const rowOf = (kind: NexmarkKind, names: readonly string[]) => Object.fromEntries(names.map(name => [name, valueOf(one, kind, name)]))
    return {
      alone: kinds.map((kind, i) => numbers.flatMap(k => (one.next(k) === kind ? [rowOf(kind, wanted[i]!)] : []))),
      structs: kinds.map(kind => numbers.map(k => (one.next(k) === kind ? rowOf(kind, nexmarkFields[kind].map(f => f.name)) : null))),
      kinds: numbers.map(k => kinds.indexOf(one.next(k))),
      times: numbers.map(k => (one.next(k), one.time)),
    }
  },
  compute(device, arena, { options, first, events, wanted }) {
    const house = houseOf(device, new NexmarkEvents(options))
    try {
      const alone = kinds.map((kind, i) => {
        const rows: Record<string, unknown>[] = []
        for (let taken = 0; taken < events; ) {
          const made = nexmarkColumns(device, arena, house, { kind, first: first + taken, events: events - taken }, nexmarkFields[kind], name => wanted[i]!.includes(name), 40)
          const values = made.columns.map(column => column && valuesOf(device, column))
          for (let row = 0; row < made.rows; row++) rows.push(Object.fromEntries(nexmarkFields[kind].flatMap(({ name }, at) => (values[at] ? [[name, values[at]![row]]] : []))))
          taken += made.taken
        }
        return rows
      })
      const structs = kinds.map(kind => valuesOf(device, nexmarkStructs(device, arena, house, { kind, first, events }, nexmarkFields[kind], eventFields.find(f => f.name === kind)!.type)))
      const [kindColumn, times] = nexmarkKinds(device, arena, house, first, events, int8, timestampMs)
      return { alone, structs: structs as never, kinds: valuesOf(device, kindColumn!) as number[], times: valuesOf(device, times!) as number[] }
    } finally {
      house.arena.release()
    }
  },
})
