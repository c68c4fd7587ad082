import { beforeAll, describe, expect, it } from 'vitest'
import { buildColumn } from '../../src/batch/build-columns.ts'
import { type Value, valueReader } from '../../src/batch/read-values.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { checkFunctions, checkShape, describeShape, type StateCursor, type StateFunctions, type StateShape, type StateStore } from '../../src/state/keyed-state.ts'
import { storeOf } from '../../src/state/state-stores.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice({ relaxed: false })
})

interface Cursor extends StateCursor {
  gid: number
}
const cursorAt = (gid = 0): Cursor => ({ gid, clock: 0, watermark: Number.NEGATIVE_INFINITY, place: () => 'here' })
type Handle = Record<string, (...args: unknown[]) => unknown> & { size: number }
const handleOf = (store: StateStore) => store.handle as Handle

/** As a checkpoint would give it back: through columns. */
function restored(store: StateStore, cursor: StateCursor, name: string, shape: StateShape, functions: StateFunctions = {}): StateStore {
  const { gids, columns } = store.entries()
  const fresh = storeOf(cursor, name, shape, functions)
  const arena = device.arena()
  const readers = fresh.fields.map((field, i) => valueReader(device.memory, buildColumn(device, arena, field, columns[store.fields.findIndex(f => f.name === field.name)]!, 'test')))
  fresh.restore(gids, readers)
  arena.release()
  return fresh
}

const sums = { init: () => ({ n: 0n }), update: (s: { n: bigint }, v: number) => void (s.n += BigInt(v)), finish: (s: { n: bigint }) => Number(s.n) } as unknown as StateFunctions
const add = { reduce: (a: number, b: number) => a + b } as unknown as StateFunctions

/** A kind of state as one value that is written and read, and how it looks when it is empty. */
const kinds: readonly [name: string, shape: StateShape, functions: StateFunctions, write: (h: Handle, v: number) => unknown, read: (h: Handle) => unknown, shown: (v: number) => unknown, empty: unknown][] = [
  ['value', { kind: 'value', type: 'int32' }, {}, (h, v) => h.set!(v), h => h.get!(), v => v, undefined],
  ['list', { kind: 'list', type: 'int32' }, {}, (h, v) => h.set!([v]), h => h.get!(), v => [v], []],
  ['map', { kind: 'map', type: 'int32', key: 'utf8' }, {}, (h, v) => h.set!('k', v), h => h.entries!(), v => [['k', v]], []],
  ['an entry of map', { kind: 'map', type: 'int32', key: 'int64' }, {}, (h, v) => h.set!(1n, v), h => [h.get!(1n), h.has!(1n), h.size], v => [v, true, 1], [undefined, false, 0]],
  ['reducing', { kind: 'reducing', type: 'int32' }, add, (h, v) => (h.clear!(), h.add!(v)), h => h.get!(), v => v, undefined],
  ['aggregating', { kind: 'aggregating', type: 'struct<n: int64>' }, sums, (h, v) => (h.clear!(), h.add!(v)), h => h.get!(), v => v, undefined],
]

// Apache Flink, TtlStateTestBase: testExactExpirationOnWrite, testNonExistentValue, testSnapshotChangeRestore, testMultipleKeys; by its clock, and by event time.
describe.each(kinds)('the time to live of %s', (name, bare, functions, write, read, shown, empty) => {
  it.each(['clock', 'event'] as const)('is that since the last write, by %s, through restarts', by => {
    const shape: StateShape = { ...bare, ttlMs: 100, ttlBy: by }
    const cursor = cursorAt()
    let store = storeOf(cursor, name, shape, functions)
    const at = (time: number) => {
      store = restored(store, cursor, name, shape, functions)
      cursor[by === 'clock' ? 'clock' : 'watermark'] = time
    }
    expect(read(handleOf(store))).toEqual(empty)
    at(0)
    write(handleOf(store), 1)
    at(20)
    expect(read(handleOf(store))).toEqual(shown(1))
    at(50)
    write(handleOf(store), 2)
    at(120)
    expect(read(handleOf(store))).toEqual(shown(2))
    at(149)
    expect(read(handleOf(store))).toEqual(shown(2))
    at(150)
    expect(read(handleOf(store))).toEqual(empty)
    at(170)
    write(handleOf(store), 3)
    at(220)
    expect(read(handleOf(store))).toEqual(shown(3))
    at(300)
    expect(store.entries().gids.length).toBe(0)
    expect(read(handleOf(store))).toEqual(empty)
  })

  // TtlStateTestBase.testExactExpirationOnRead
  it.each(['clock', 'event'] as const)('may be that since the last use, by %s', by => {
    const shape: StateShape = { ...bare, ttlMs: 100, ttlBy: by, ttlSince: 'use' }
    const cursor = cursorAt()
    let store = storeOf(cursor, name, shape, functions)
    const at = (time: number) => {
      store = restored(store, cursor, name, shape, functions)
      cursor[by === 'clock' ? 'clock' : 'watermark'] = time
    }
    at(0)
    write(handleOf(store), 1)
    at(50)
    expect(read(handleOf(store))).toEqual(shown(1))
    at(120)
    expect(read(handleOf(store))).toEqual(shown(1))
    at(250)
    expect(read(handleOf(store))).toEqual(empty)
    expect(store.entries().gids.length).toBe(0)
  })

  it('is each key’s own, and what has ended is given up', () => {
    const shape: StateShape = { ...bare, ttlMs: 100 }
    const cursor = cursorAt()
    const store = storeOf(cursor, name, shape, functions)
    for (const [gid, clock] of [[3, 0], [40, 50]] as const) {
      Object.assign(cursor, { gid, clock })
      write(handleOf(store), gid)
    }
    const live = () => {
      const marks = new Uint8Array(50)
      store.mark(marks)
      return [...marks.keys()].filter(gid => marks[gid] === 1)
    }
    cursor.clock = 120
    expect(live()).toEqual([3, 40])
    store.expire()
    expect(live()).toEqual([40])
    store.renumber(Int32Array.of(40))
    expect(live()).toEqual([0])
    cursor.gid = 0
    expect(read(handleOf(store))).toEqual(shown(40))
    cursor.gid = 7
    expect(read(handleOf(store))).toEqual(empty)
  })

  it('may come to a state that had none, and go again', () => {
    const cursor = cursorAt()
    const bareStore = storeOf(cursor, name, bare, functions)
    write(handleOf(bareStore), 5)
    cursor.clock = 1_000
    const timed: StateShape = { ...bare, ttlMs: 100 }
    const fresh = storeOf(cursor, name, timed, functions)
    const { gids, columns } = bareStore.entries()
    fresh.restore(gids, fresh.fields.map((_, i) => (columns[i] ? row => columns[i]![row] as Value : undefined)))
    cursor.clock = 1_099
    expect(read(handleOf(fresh))).toEqual(shown(5))
    cursor.clock = 1_100
    expect(read(handleOf(fresh))).toEqual(empty)
  })
})

it('what is written before there is event time lasts until it is written again', () => {
  const cursor = cursorAt()
  const store = storeOf(cursor, 's', { kind: 'list', type: 'int32', ttlMs: 10, ttlBy: 'event' })
  handleOf(store).add!(1)
  cursor.watermark = 0
  handleOf(store).add!(2)
  cursor.watermark = 1_000
  expect(handleOf(restored(store, cursor, 's', { kind: 'list', type: 'int32', ttlMs: 10, ttlBy: 'event' })).get!()).toEqual([1])
})

/** A type, what is written, and what is read. */
const values: readonly [type: string, given: unknown, read: unknown][] = [
  ['bool', true, true],
  ['int8', -128, -128],
  ['uint32', 4_294_967_295, 4_294_967_295],
  ['int64', 5, 5n],
  ['int64', -(2n ** 63n), -(2n ** 63n)],
  ['uint64', 2n ** 64n - 1n, 2n ** 64n - 1n],
  ['float16', 0.1, 0.0999755859375],
  ['float32', 0.1, Math.fround(0.1)],
  ['float64', Number.NaN, Number.NaN],
  ['float64', -0, -0],
  ['decimal(10,2)', 1.5, '1.50'],
  ['utf8', 'ä text that is longer than twelve bytes', 'ä text that is longer than twelve bytes'],
  ['binary', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  ['binary(2)', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  ['date', new Date('2026-01-02T00:00:00Z'), Date.UTC(2026, 0, 2)],
  ['timestamp[ms]', '2026-01-02T03:04:05.006Z', Date.UTC(2026, 0, 2, 3, 4, 5, 6)],
  ['timestamp[s]', 5_000, 5_000],
  ['timestamp[us]', 5, 5_000n],
  ['timestamp[ms, Europe/Berlin]', 5, 5],
  ['time[ns]', 7n, 7n],
  ['duration[ms]', 90, 90],
  ['interval', { months: 1 }, { months: 1, days: 0, nanoseconds: 0n }],
  ['utf8?', null, null],
  ['int64?', undefined, null],
  ['list<int64?>', [1, null], [1n, null]],
  ['list<float32, 2>', Float64Array.of(1, 2), [1, 2]],
  ['struct<a: int32, b: utf8?>', { a: 1 }, { a: 1, b: null }],
  ['map<utf8, int64>', [['a', 1]], new Map([['a', 1n]])],
  ['list<struct<m: map<utf8, list<date>>>>', [{ m: new Map([['x', [0]]]) }], [{ m: new Map([['x', [0]]]) }]],
]

it.each(values)('a value of %s is read as rows have it, before and after a restart', (type, given, read) => {
  for (const kind of ['value', 'list', 'map'] as const) {
    const shape: StateShape = { kind, type, ...(kind === 'map' && { key: 'int32' }) }
    const cursor = cursorAt(2)
    const store = storeOf(cursor, 's', shape)
    const get = (h: Handle) => (kind === 'value' ? h.get!() : kind === 'list' ? (h.get!() as unknown[])[0] : h.get!(1))
    const handle = handleOf(store)
    if (kind === 'value') handle.set!(given)
    else if (kind === 'list') handle.add!(given)
    else handle.set!(1, given)
    expect(get(handle)).toEqual(read)
    expect(get(handleOf(restored(store, cursor, 's', shape)))).toEqual(read)
  }
})

it('what was given and what is read are copies', () => {
  const cursor = cursorAt()
  const value = handleOf(storeOf(cursor, 's', { kind: 'value', type: 'list<int32>' }))
  const given = [1]
  value.set!(given)
  given.push(2)
  ;(value.get!() as number[]).push(3)
  expect(value.get!()).toEqual([1])
  const list = handleOf(storeOf(cursor, 's', { kind: 'list', type: 'struct<a: int32>' }))
  list.add!({ a: 1 })
  ;(list.get!() as { a: number }[])[0]!.a = 2
  ;(list.get!() as object[]).push({ a: 3 })
  expect(list.get!()).toEqual([{ a: 1 }])
})

it('maps keep the order of their keys, take all flat kinds of them, and give what they are asked for', () => {
  for (const [key, given] of [['utf8', ['b', 'a']], ['int64', [2, 1n]], ['float64', [Number.NaN, 1.5]], ['decimal(5,1)', [2, '1.0']], ['date', ['2026-01-02', 0]], ['bool', [true, false]], ['timestamp[ns]', [1n, 2n]]] as const) {
    const shape: StateShape = { kind: 'map', key, type: 'int32' }
    const cursor = cursorAt()
    const store = storeOf(cursor, 's', shape)
    const handle = handleOf(store)
    given.forEach((one, i) => handle.set!(one, i))
    handle.set!(given[0], 7)
    for (const one of [handle, handleOf(restored(store, cursor, 's', shape))]) {
      expect(one.values!()).toEqual([7, 1])
      expect((one.keys!() as unknown[]).length).toBe(2)
      expect([one.get!(given[0]), one.has!(given[1]), one.size]).toEqual([7, true, 2])
      expect([one.delete!(given[0]), one.delete!(given[0]), one.size]).toEqual([true, false, 1])
      one.clear!()
      expect(one.entries!()).toEqual([])
    }
  }
})

describe('wrong use is told', () => {
  it.each([
    ['a value of another type', { kind: 'value', type: 'int32' }, (h: Handle) => h.set!('x'), 'STATE_VALUE', 'here: the state "s" was given "x", and is of int32; give a value of that type'],
    ['a null where none may be', { kind: 'value', type: 'float64' }, (h: Handle) => h.set!(null), 'STATE_VALUE', "was given null, and is of float64; give a value of that type, or write 'float64?' to allow nulls"],
    ['a number that isn’t exact', { kind: 'list', type: 'int8' }, (h: Handle) => h.add!(1, 300), 'STATE_VALUE', 'was given 300, and is of int8'],
    ['a struct with another member', { kind: 'value', type: 'struct<a: int32>' }, (h: Handle) => h.set!({ a: 1, b: 2n }), 'STATE_VALUE', 'was given {"a":1,"b":"2n"}'],
    ['a key of another type', { kind: 'map', key: 'int32', type: 'utf8' }, (h: Handle) => h.set!('x', 'y'), 'STATE_VALUE', 'was given the key "x", and is of int32'],
    ['an item that isn’t one', { kind: 'value', type: 'list<utf8>' }, (h: Handle) => h.set!(['a', 1]), 'STATE_VALUE', 'was given ["a",1]'],
  ] as const)('%s', (_, shape, act, code, message) => {
    const store = storeOf(cursorAt(), 's', shape as StateShape)
    expect(() => act(handleOf(store))).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
    expect(store.entries().gids.length).toBe(0)
  })

  it('a list that is replaced by what doesn’t fit stays as it was', () => {
    const handle = handleOf(storeOf(cursorAt(), 's', { kind: 'list', type: 'int32' }))
    handle.add!(1, 2)
    expect(() => handle.set!([3, 'x'])).toThrow(expect.objectContaining({ code: 'STATE_VALUE' }))
    expect(handle.get!()).toEqual([1, 2])
  })

  it('where there is no key', () => {
    const handle = handleOf(storeOf(cursorAt(-1), 's', { kind: 'value', type: 'int32' }))
    expect(() => handle.get!()).toThrow(expect.objectContaining({ code: 'STATE_KEY' }))
  })

  it.each([
    ['another kind', { kind: 'valu', type: 'int32' }, 'STATE', 'did you mean "value"'],
    ['no state at all', undefined, 'STATE', "it is no state; write state.value('float64')"],
    ['a type that isn’t there', { kind: 'value', type: 'int33' }, 'TYPE', 'state "s"'],
    ['keys that may be null', { kind: 'map', key: 'utf8?', type: 'int32' }, 'STATE', "keys of a map can't be utf8?"],
    ['keys of lists', { kind: 'map', key: 'list<utf8>', type: 'int32' }, 'STATE', "keys of a map can't be list<utf8>"],
    ['no time to live', { kind: 'value', type: 'int32', ttlMs: 0 }, 'TTL', 'ttl is 0 ms'],
  ])('%s', (_, shape, code, message) => {
    expect(() => checkShape('s', shape as StateShape, 'step')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it('functions that are missing, or that return promises', () => {
    expect(() => checkFunctions('s', { kind: 'reducing', type: 'int32' }, {}, 'step')).toThrow('step, state "s": reduce is undefined; give a function')
    const late = handleOf(storeOf(cursorAt(), 's', { kind: 'aggregating', type: 'int32' }, { ...sums, init: async () => 0 } as unknown as StateFunctions))
    expect(() => late.add!(1)).toThrow(expect.objectContaining({ code: 'USER_RESULT' }))
    expect(describeShape({ kind: 'map', key: 'utf8', type: 'int32', ttlMs: 90_000, ttlBy: 'event' })).toBe('map of utf8 to int32, for 1m30s of event time')
  })
})
