// Time zones as tables: the offsets from UTC and the times from which they hold, asked of Intl once a zone and process. Kernels look them up by binary
// search. Before 1850 the first offset holds; from 2100 on the rules of 2072 to 2099 go on, by years of the same length and first day of the week.
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Offsets in seconds (int32) and the seconds since the epoch (int64) from which each holds; the first is below all. */
interface ZoneTable {
  readonly places: BigInt64Array
  readonly offsets: Int32Array
}

const daySeconds = 86_400
const stepSeconds = 14 * daySeconds
const firstYear = 1850
const lastYear = 2100
/** From here on (the year 2500) the table repeats every 400 years. */
const endYear = lastYear + 400
const belowAll = -(2n ** 62n)

const secondsOfYear = (year: number) => Date.UTC(year, 0, 1) / 1000
const tables = new Map<string, { readonly utc: ZoneTable; readonly local: ZoneTable }>()

function tablesOf(zone: string): { readonly utc: ZoneTable; readonly local: ZoneTable } {
  let known = tables.get(zone)
  if (!known) {
    const utc = tableOf(zone)
    tables.set(zone, (known = { utc, local: localTable(utc) }))
  }
  return known
}

function tableOf(zone: string): ZoneTable {
  const fixed = fixedOffset(zone)
  if (fixed !== undefined) return { places: BigInt64Array.of(belowAll), offsets: Int32Array.of(fixed) }
  const offsetAt = offsetReader(zone)
  const places: number[] = []
  const offsets: number[] = [offsetAt(secondsOfYear(firstYear))]
  let at = secondsOfYear(firstYear)
  const end = secondsOfYear(lastYear)
  while (at < end) {
    const next = Math.min(at + stepSeconds, end)
    const offset = offsetAt(next)
    if (offset !== offsets[offsets.length - 1]) {
      places.push(firstWith(offsetAt, at, next))
      offsets.push(offset)
    }
    at = next
  }
  repeatRules(places, offsets)
  return { places: BigInt64Array.of(belowAll, ...places.map(BigInt)), offsets: Int32Array.from(offsets) }
}

// The first second in (from, to] that has the offset of `to`.
function firstWith(offsetAt: (seconds: number) => number, from: number, to: number): number {
  const wanted = offsetAt(to)
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (offsetAt(middle) === wanted) to = middle
    else from = middle
  }
  return to
}

// Rules speak of weekdays, so a year has the changes of another that begins on the same day and is as long.
function repeatRules(places: number[], offsets: number[]): void {
  const kind = (year: number) => `${new Date(Date.UTC(year, 0, 1)).getUTCDay()}${Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)}`
  const models = new Map(Array.from({ length: 28 }, (_, i) => [kind(lastYear - 28 + i), lastYear - 28 + i]))
  for (let year = lastYear; year < endYear; year++) {
    const model = models.get(kind(year))!
    const shift = secondsOfYear(year) - secondsOfYear(model)
    const [from, to] = [secondsOfYear(model), secondsOfYear(model + 1)]
    const count = places.length
    for (let i = 0; i < count && places[i]! < to; i++) {
      if (places[i]! < from || offsets[i + 1] === offsets[offsets.length - 1]) continue
      places.push(places[i]! + shift)
      offsets.push(offsets[i + 1]!)
    }
  }
}

/** The offset in seconds that +01:00, -0530, UTC and Z name; undefined for names of zones. */
export function fixedOffset(zone: string): number | undefined {
  if (zone === 'UTC' || zone === 'Z' || zone === 'Etc/UTC' || zone === 'GMT') return 0
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60) : undefined
}

/** The offset in seconds from UTC that a zone has at a time, in seconds since the epoch: for showing single times. */
export function zoneOffset(zone: string): (seconds: number) => number {
  const fixed = fixedOffset(zone)
  return fixed === undefined ? offsetReader(zone) : () => fixed
}

// The local clock as Intl shows it, read back as if it were UTC.
function offsetReader(zone: string): (seconds: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  const pattern = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/
  return seconds => {
    const match = pattern.exec(format.format(seconds * 1000))!
    const [month, day, year, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number]
    return Math.round(Date.UTC(year, month - 1, day, hour, minute, second) / 1000) - seconds
  }
}

// By local time: a change shows in the local clock when both the old and the new reckoning are past it, so that a time that occurs twice is the
// first of both, and one that is skipped is read with the offset from before.
function localTable({ places, offsets }: ZoneTable): ZoneTable {
  const local = places.map((place, i) => (i === 0 ? place : place + BigInt(Math.max(offsets[i - 1]!, offsets[i]!))))
  return { places: local, offsets }
}

/** A zone's tables in `arena`, for `shiftTimes`. `toLocal` says which way. */
export function zoneTable(device: Device, arena: Arena, zone: string, toLocal: boolean): { places: number; offsets: number; count: number; end: number } {
  const { utc, local } = tablesOf(zone)
  const { places, offsets } = toLocal ? utc : local
  const addresses = { places: arena.allocate(8 * places.length), offsets: arena.allocate(4 * offsets.length) }
  device.memory.int64s(addresses.places, places.length).set(places)
  device.memory.int32s(addresses.offsets, offsets.length).set(offsets)
  return { ...addresses, count: places.length, end: secondsOfYear(endYear) }
}

/** When a zone's clock changes, in milliseconds: from `places[i]` on (rising; the first is below all) it is `offsets[i]` ahead of UTC. At `endMs` and beyond it is as whole cycles of 400 years before. */
export interface ZoneChanges {
  readonly places: readonly number[]
  readonly offsets: readonly number[]
  readonly endMs: number
}

/** The changes of a zone, asked of Intl once a process. Throws RangeError for a zone that is none. */
export function zoneChanges(zone: string): ZoneChanges {
  const { places, offsets } = tablesOf(zone).utc
  return { places: Array.from(places, (place, i) => (i === 0 ? -1e16 : Number(place) * 1000)), offsets: Array.from(offsets, offset => offset * 1000), endMs: secondsOfYear(endYear) * 1000 }
}
