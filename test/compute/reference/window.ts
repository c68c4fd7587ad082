// Event time, plainly: numbers row by row. And the entries of kernels/window.ts, window-zone.ts and session.ts in the catalogue of agreements.
import type { Random } from '../../../src/base/random.ts'
import { timestampMs } from '../../../src/batch/data-type.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { OwnedMemory } from '../../../src/compute/owned-memory.ts'
import { keptIds, sessionGaps, SessionTable } from '../../../src/compute/session.ts'
import { WindowZone } from '../../../src/compute/window-zone.ts'
import { assignPanes, floorTimes, leastTime, rowsWithId, setTimeAt, splitByTime, spreadWindows, SplitWatermarks, timeAt } from '../../../src/compute/window.ts'
import { naiveClock } from '../../support/naive-clock.ts'
import { naiveWatermarks } from '../../support/naive-windows.ts'
import { columnOf, type Shape, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const none = Number.NEGATIVE_INFINITY

function sampleTimes(random: Random, length: number, shape: Shape): number[] {
  const span = shape === 'few' ? 4 : shape === 'extreme' ? 2 ** 40 : 3_000
  return Array.from({ length }, () => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? none : random.int(span) - Math.floor(span / 2)))
}

function timesAt(device: Device, arena: Arena, times: readonly number[]): number {
  const at = arena.allocate(8 * times.length)
  times.forEach((time, i) => setTimeAt(device, at + 8 * i, time))
  return at
}

const readTimes = (device: Device, at: number, count: number) => Array.from({ length: count }, (_, i) => timeAt(device, at + 8 * i))
const readIds = (device: Device, at: number, count: number) => [...device.memory.int32s(at, count)]

export const floorAgreement = agreement({
  stem: 'window',
  kernels: ['floorTimes', 'leastTime', 'splitByTime'],
  sample(random, length, shape) {
    const unit = (['s', 'ms', 'us', 'ns'] as const)[random.int(4)]!
    const scale = { s: 1, ms: 1, us: 1_000, ns: 1_000_000 }[unit]
    const raw = sampleTimes(random, length, shape).map(t => (t === none ? null : BigInt(t) * BigInt(scale) + BigInt(random.int(scale))))
    if (length > 3 && shape === 'extreme') raw.splice(0, 3, 8_640_000_000_000_001n, -(2n ** 63n), 2n ** 63n - 1n)
    return { unit, raw, watermark: random.int(2_000) - 1_000 }
  },
  reference({ unit, raw, watermark }) {
    const times = raw.map(value => {
      if (value === null) return none
      const per = { s: 1n, ms: 1n, us: 1_000n, ns: 1_000_000n }[unit]
      const floored = (value >= 0n ? value / per : -((-value + per - 1n) / per)) * (unit === 's' ? 1_000n : 1n)
      return floored > 8_640_000_000_000_000n || floored < -8_640_000_000_000_000n ? none : Number(floored)
    })
    const rows = times.map((_, i) => i)
    return { times, least: Math.min(...times), due: rows.filter(i => times[i]! <= watermark), rest: rows.filter(i => times[i]! > watermark) }
  },
  compute(device, arena, { unit, raw, watermark }) {
    const type = unit === 's' ? ({ kind: 'timestamp', unit } as const) : unit === 'ms' ? timestampMs : ({ kind: 'timestamp', unit } as const)
    const at = floorTimes(device, arena, columnOf(device, arena, type, raw))
    const { due, dueRows, rest } = splitByTime(device, arena, at, raw.length, watermark)
    return {
      times: readTimes(device, at, raw.length),
      least: leastTime(device, arena, at, raw.length),
      due: uint32sAt(device, due, dueRows),
      rest: uint32sAt(device, rest, raw.length - dueRows),
    }
  },
})

export const watermarkAgreement = agreement({
  stem: 'window',
  kernels: ['runWatermark', 'settleWatermark'],
  sample(random, length, shape) {
    return { times: sampleTimes(random, length, shape), splits: Array.from({ length }, () => random.int(30)), bound: random.int(50), idle: random.int(30) }
  },
  reference({ times, splits, bound, idle }) {
    const rows = times.map((time, i) => ({ key: '', value: null, time: time === none ? null : time, split: splits[i]! }))
    const last = naiveWatermarks([...rows, { key: '', value: null, time: null, split: 0 }], bound).at(-1)!
    const greatest = new Map<number, number>()
    rows.forEach(row => greatest.set(row.split, Math.max(greatest.get(row.split) ?? none, row.time ?? none)))
    greatest.delete(idle)
    const least = greatest.size === 0 ? none : Math.min(...greatest.values())
    return { before: naiveWatermarks(rows, bound), after: last, settled: Math.max(last, least === none ? none : least - bound - 1) }
  },
  compute(device, arena, { times, splits, bound, idle }) {
    const memory = new OwnedMemory(device)
    const state = new SplitWatermarks(device, memory, bound)
    const numbers = columnOf(device, arena, { kind: 'int32' }, splits)
    const column = state.run(arena, timesAt(device, arena, times), numbers, times.length)
    const before = readTimes(device, column.values, times.length)
    const after = state.watermark
    state.settle(split => split === idle)
    const settled = state.watermark
    memory.close()
    return { before, after, settled }
  },
})

export const paneAgreement = agreement({
  stem: 'window',
  kernels: ['assignPanes', 'selectEqualI32'],
  sample(random, length, shape) {
    const times = sampleTimes(random, length, shape)
    const size = 1 + random.int(300)
    const cumulates = random.int(3) === 0
    let watermark = none
    const watermarks = times.map(() => (random.int(4) ? watermark : (watermark = Math.max(watermark, random.int(3_000) - 1_600))))
    return {
      times,
      watermarks,
      grid: {
        cumulates,
        sizeMs: cumulates ? size * (1 + random.int(5)) : size,
        slideMs: cumulates || random.int(2) ? size : 1 + random.int(300),
        offsetMs: random.int(40) - 20,
        latenessMs: random.int(2) ? 0 : random.int(300),
      },
    }
  },
  reference: ({ times, watermarks, grid }) =>
    times.map((time, i) => {
      if (time === none) return 'timeless'
      const ends: number[] = []
      const whole = Math.floor((time - grid.offsetMs) / grid.sizeMs) * grid.sizeMs + grid.offsetMs
      if (grid.cumulates) for (let end = whole + grid.slideMs; end <= whole + grid.sizeMs; end += grid.slideMs) ends.push(...(time < end ? [end] : []))
      else for (let start = Math.floor((time - grid.offsetMs) / grid.slideMs) * grid.slideMs + grid.offsetMs; start > time - grid.sizeMs; start -= grid.slideMs)
        ends.unshift(start + grid.sizeMs)
      const open = ends.filter(end => end - 1 + grid.latenessMs > watermarks[i]!)
      if (open.length > 0) return `${open[0]} to ${open.at(-1)}`
      return ends.length > 0 || time + grid.latenessMs <= watermarks[i]! ? 'late' : 'lone'
    }),
  compute(device, arena, { times, watermarks, grid }) {
    const out: string[] = new Array(times.length)
    const at = timesAt(device, arena, times)
    const before = timesAt(device, arena, watermarks)
    for (let start = 0; start < times.length; ) {
      const found = assignPanes(device, arena, at + 8 * start, before + 8 * start, times.length - start, grid)
      const names = new Map<number, string>([
        [-1, 'late'],
        [-2, 'lone'],
        [-3, 'timeless'],
        ...found.panes.map(p => [p.id, `${p.firstEnd} to ${p.lastEnd}`] as const),
      ])
      const counts = new Map<number, number>([[-1, found.late], [-2, found.lone], [-3, found.timeless], ...found.panes.map(p => [p.id, p.rows] as const)])
      for (const [id, name] of names) {
        const taken = rowsWithId(device, arena, found.ids, found.rows, id, start)
        if (taken.rows !== counts.get(id)) throw new Error(`${name}: ${taken.rows} rows of ${counts.get(id)}`)
        for (const row of uint32sAt(device, taken.indices, taken.rows)) out[row] = name
      }
      start += found.rows
    }
    return out
  },
})

interface NaiveSession {
  key: number
  start: number
  end: number
  rows: number[]
  fired: boolean
}

export const sessionAgreement = agreement({
  stem: 'session',
  kernels: ['assignSessions', 'fireSessions', 'liveSessions', 'readSessions', 'writeSessions', 'selectKeptI32', 'findGap'],
  sample(random, length, shape) {
    return {
      keys: Array.from({ length }, () => random.int(5)),
      times: sampleTimes(random, length, shape),
      gap: 1 + random.int(60),
      gaps: random.int(2) ? Array.from({ length }, () => 1 + random.int(random.int(9) ? 40 : 400)) : undefined,
      lateness: random.int(2) * random.int(500),
      watermark: random.int(3_000) - 1_500,
    }
  },
  reference({ keys, times, gap, gaps, lateness, watermark }) {
    let sessions: NaiveSession[] = []
    times.forEach((time, row) => {
      if (time === none) return
      const until = time + (gaps?.[row] ?? gap)
      const touched = sessions.filter(s => s.key === keys[row] && until >= s.start && time <= s.end)
      sessions = sessions.filter(s => !touched.includes(s))
      sessions.push({
        key: keys[row]!,
        start: Math.min(time, ...touched.map(s => s.start)),
        end: Math.max(until, ...touched.map(s => s.end)),
        rows: [...touched.flatMap(s => s.rows), row],
        fired: false,
      })
    })
    const text = (s: NaiveSession, fired: boolean) => `${s.key} [${s.start}, ${s.end}) ${s.rows.toSorted((a, b) => a - b)}${fired ? ' fired' : ''}`
    const due = sessions.filter(s => s.end - 1 <= watermark)
    const live = sessions.filter(s => s.end - 1 + lateness > watermark)
    return { due: due.map(s => text(s, false)).sort(), live: live.map(s => text(s, due.includes(s))).sort() }
  },
  compute(device, arena, { keys, times, gap, gaps, lateness, watermark }) {
    const rows = times.length
    const memory = new OwnedMemory(device)
    const table = new SessionTable(device, memory, gap, lateness)
    const gids = columnOf(device, arena, { kind: 'int32' }, keys).values
    const ids = arena.allocate(4 * rows)
    if (gaps) sessionGaps(device, arena, columnOf(device, arena, { kind: 'int64' }, gaps.map(BigInt)), timesAt(device, arena, times), 'test')
    table.assign(gids, 5, { times: timesAt(device, arena, times), watermarks: 0, gaps: gaps ? timesAt(device, arena, gaps) : 0 }, 0, rows, ids)
    const kept = keptIds(device, arena, ids, rows)
    const places = uint32sAt(device, kept.places, kept.rows)
    const slots = uint32sAt(device, kept.ids, kept.rows)
    const describe = (list: { count: number; slots: number; groups: number }, from = table) => {
      const { keys: own, starts, ends, fired } = from.read(arena, list)
      const groups = readIds(device, list.groups, table.slotCount)
      return Array.from({ length: list.count }, (_, i) => {
        const mine = places.filter((_, j) => groups[slots[j]!] === i)
        const isFired = readIds(device, fired.values, list.count)[i] === 1
        return `${readIds(device, own.values, list.count)[i]} [${timeAt(device, starts.values + 8 * i)}, ${timeAt(device, ends.values + 8 * i)}) ${mine}${isFired ? ' fired' : ''}`
      })
    }
    const dueList = table.fire(arena, watermark)
    const due = describe(dueList)
      .map(line => line.replace(' fired', ''))
      .sort()
    const live = table.live(arena)
    // What is left goes into another table and must be the same there.
    const copy = new SessionTable(device, memory, gap, lateness)
    const read = table.read(arena, live)
    copy.write(read.keys.values, 5, read)
    const again = { ...copy.live(arena), groups: live.groups }
    const result = { due, live: describe(again, copy).sort() }
    memory.close()
    return result
  },
})

export const spreadAgreement = agreement({
  stem: 'window',
  kernels: ['spreadWindows'],
  sample(random, length, shape) {
    const slideMs = 1 + random.int(200)
    const cumulates = random.int(3) === 0
    return { times: sampleTimes(random, Math.min(length, 300), shape), grid: { sizeMs: cumulates ? slideMs * (1 + random.int(5)) : 1 + random.int(600), slideMs, offsetMs: random.int(100) - 50, cumulates } }
  },
  reference({ times, grid: { sizeMs, slideMs, offsetMs, cumulates } }) {
    return times.flatMap((time, row) => {
      if (time === none) return []
      const found: [number, number, number][] = []
      for (let start = offsetMs + Math.floor((time - offsetMs) / (cumulates ? sizeMs : slideMs)) * (cumulates ? sizeMs : slideMs); start + sizeMs > time; start -= cumulates ? sizeMs : slideMs)
        for (let end = cumulates ? start + slideMs : start + sizeMs; end <= start + sizeMs; end += slideMs) if (end > time) found.push([row, start, end])
      return found.sort((a, b) => a[2] - b[2])
    })
  },
  compute(device, arena, { times, grid }) {
    const at = timesAt(device, arena, times)
    const half = Math.floor(times.length / 2)
    return [[0, half], [half, times.length]].flatMap(([start, end]) => {
      const { count, indices, starts, ends } = spreadWindows(device, arena, at, start!, end!, grid)
      const [from, to] = [readTimes(device, starts, count), readTimes(device, ends, count)]
      return uint32sAt(device, indices, count).map((row, i) => [row, from[i]!, to[i]!])
    })
  },
})

export const zoneAgreement = agreement({
  stem: 'window-zone',
  kernels: ['zoneTimes'],
  sample(random, length, shape) {
    const zone = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', '-03:30', 'UTC'][random.int(6)]!
    const year = [1996, 2024, 2030, 2499, 2950][random.int(5)]!
    // Around the changes of the clock, whichever they are.
    const times = sampleTimes(random, Math.min(length, 200), shape).map(t => (t === none ? none : Date.UTC(year, random.int(12), 1 + random.int(31), random.int(24)) + t))
    return { zone, times, lateness: random.int(2) * random.int(5_000_000) }
  },
  reference({ zone, times, lateness }) {
    const { shown, leastFrom, startOf, endOf } = naiveClock(zone)
    return times.map(time => (time === none ? [none, none, none, none] : [shown(time), leastFrom(time - lateness + 1) - 1, startOf(time), endOf(time)]))
  },
  compute(device, arena, { zone, times, lateness }) {
    const clock = new WindowZone(device, zone)
    const at = timesAt(device, arena, times)
    const column = { type: timestampMs, length: times.length, values: at, validity: 0 }
    const [shown, passed, starts, ends] = [clock.shown(arena, at, times.length), clock.passed(arena, at, times.length, lateness), clock.starts(arena, column).values, clock.ends(arena, column).values].map(values => readTimes(device, values!, times.length))
    for (const [i, time] of times.slice(0, 2).entries())
      if (clock.shownAt(time) !== shown![i] || clock.passedAt(time, lateness) !== passed![i] || clock.startOf(time) !== starts![i] || clock.endOf(time) !== ends![i]) throw new Error(`single times differ from columns at ${time}`)
    return times.map((_, i) => [shown![i], passed![i], starts![i], ends![i]])
  },
})

export const windowAgreements = [zoneAgreement, spreadAgreement, floorAgreement, watermarkAgreement, paneAgreement, sessionAgreement]
