// keyBy(…).process(…), plainly: row by row, a Map of plain values per key and a list of timers, each row judged by the watermark before it.
import type { PlainRow } from '../../src/batch/read-values.ts'

/** State as the interpreter has it: of one state and one key. */
interface Entry {
  value?: unknown
  list?: { value: unknown; at: number }[]
  map?: Map<unknown, { value: unknown; at: number }>
  at?: number
}

/** What the interpreter needs to know of a state. */
export interface NaiveState {
  readonly kind: 'value' | 'list' | 'map' | 'reducing' | 'aggregating'
  /** Of event time. */
  readonly ttlMs?: number
  readonly reduce?: (a: never, b: never) => unknown
  readonly init?: () => unknown
  readonly update?: (state: never, value: never) => unknown
  readonly finish?: (state: never) => unknown
}

/** Functions under test. */
export interface NaiveFunctions {
  onRow(row: PlainRow, call: never): void
  onTimer(time: number, call: never): void
}

/** What was emitted of each key, in order; rows of a side output have its name in front. */
export function naiveProcess(rows: readonly PlainRow[], watermarks: readonly number[], last: number, keyOf: (row: PlainRow) => string, keyValue: (row: PlainRow) => unknown, states: Record<string, NaiveState>, { onRow, onTimer }: NaiveFunctions): Map<string, string[]> {
  const emitted = new Map<string, string[]>()
  const stored = new Map<string, Entry>()
  const keys = new Map<string, unknown>()
  let timers: { key: string; time: number; order: number }[] = []
  let [key, watermark, order, hasEnded] = ['', Number.NEGATIVE_INFINITY, 0, false]
  const say = (text: string) => void (emitted.get(key) ?? emitted.set(key, []).get(key)!).push(text)
  const entry = (name: string): Entry => {
    const id = `${name} ${key}`
    const { ttlMs } = states[name]!
    let found = stored.get(id)
    if (!found) stored.set(id, (found = {}))
    const lasts = (at: number | undefined) => ttlMs === undefined || at === undefined || at === Number.NEGATIVE_INFINITY || at + ttlMs > watermark
    if (!lasts(found.at)) stored.set(id, (found = {}))
    if (found.list) found.list = found.list.filter(item => lasts(item.at))
    if (found.map) for (const [k, item] of [...found.map]) if (!lasts(item.at)) found.map.delete(k)
    return found
  }
  const handle = (name: string) => {
    const { kind, reduce, init, update, finish } = states[name]!
    const write = (value: unknown) => Object.assign(entry(name), { value, at: watermark })
    const clear = () => void stored.delete(`${name} ${key}`)
    if (kind === 'value') return { get: () => entry(name).value, set: write, clear }
    if (kind === 'reducing') return { get: () => entry(name).value, add: (v: unknown) => write(entry(name).value === undefined ? v : reduce!(entry(name).value as never, v as never)), clear }
    if (kind === 'aggregating') return { get: () => (entry(name).value === undefined ? undefined : finish!(entry(name).value as never)), add: (v: unknown) => write(update!((entry(name).value ?? init!()) as never, v as never)), clear }
    if (kind === 'list') {
      const add = (...values: unknown[]) => void (entry(name).list ??= []).push(...values.map(value => ({ value, at: watermark })))
      return {
        get: () => (entry(name).list ?? []).map(item => item.value),
        get size() {
          return (entry(name).list ?? []).length
        },
        add,
        set: (values: unknown[]) => {
          entry(name).list = []
          add(...values)
        },
        clear,
      }
    }
    const map = () => (entry(name).map ??= new Map())
    return { get: (k: unknown) => map().get(k)?.value, set: (k: unknown, value: unknown) => map().set(k, { value, at: watermark }), delete: (k: unknown) => map().delete(k), entries: () => [...map()].map(([k, item]) => [k, item.value]), clear }
  }
  const call = {
    get key() {
      return keys.get(key)
    },
    domain: 'event',
    state: Object.fromEntries(Object.keys(states).map(name => [name, handle(name)])),
    emit: Object.assign((row: object) => say(JSON.stringify(row, plain)), { to: (side: string, row: object) => say(`${side} ${JSON.stringify(row, plain)}`) }),
    timers: {
      eventTime: (at: number, plus = 0) => {
        if (!hasEnded && !timers.some(t => t.key === key && t.time === at + plus)) timers.push({ key, time: at + plus, order: order++ })
      },
      deleteEventTime: (at: number, plus = 0) => {
        const before = timers.length
        timers = timers.filter(t => t.key !== key || t.time !== at + plus)
        return timers.length < before
      },
      get watermark() {
        return watermark
      },
    },
  }
  const fire = (upTo: number, from: number) => {
    let reached = from
    for (;;) {
      const [next] = timers.filter(t => t.time <= upTo).sort((a, b) => a.time - b.time || a.order - b.order)
      if (!next) return
      timers = timers.filter(t => t !== next)
      key = next.key
      watermark = reached = Math.max(reached, next.time)
      onTimer(next.time, call as never)
    }
  }
  rows.forEach((row, i) => {
    fire(watermarks[i]!, Number.NEGATIVE_INFINITY)
    key = keyOf(row)
    keys.set(key, keyValue(row))
    watermark = watermarks[i]!
    onRow(row, call as never)
    fire(watermarks[i]!, watermarks[i]!)
  })
  fire(last, Number.NEGATIVE_INFINITY)
  hasEnded = true
  fire(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
  return emitted
}

/** Values as text. */
export function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
