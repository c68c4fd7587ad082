// The same job as a newcomer would write it: JSON.parse, Maps and plain loops over one record after the other. Slow, and the measure of
// what the engine's result must be, however it was batched, spread over threads, or killed.
import { features, shopsOf, watermarkBoundMs, windowMs } from './pipeline.ts'

/** A record of the topic, in the order in which it was written. */
export interface RawRecord {
  readonly partition: number
  readonly value: Uint8Array
}

/** What the job must have written. */
export interface Expected {
  readonly rows: ExpectedRow[]
  readonly deadLetters: number
  readonly late: number
}

/** A scored row. */
export interface ExpectedRow {
  readonly auction: bigint
  readonly window_end: number
  readonly bids: number
  readonly top: bigint
  readonly mean_euro: number
  readonly category: bigint
  readonly reserve: bigint
  readonly met: boolean
  readonly probability: number
  readonly model_version: bigint
}

interface Bid {
  auction: number
  price: number
  url: string
  dateTime: string
}
interface Auction {
  id: number
  category: number
  initialBid: number
  reserve: number
  dateTime: string
}
type Event = { event_type: number; bid?: Bid; auction?: Auction; person?: { dateTime: string } }

/** Computes what the job must give for these records over so many partitions. */
export function oracle(records: Iterable<RawRecord>, partitions: number): Expected {
  const windows = new Map<string, { auction: bigint; end: number; bids: number; top: bigint; euros: number; rest: number }>()
  const auctions = new Map<bigint, { category: bigint; first: bigint; reserve: bigint; end: number }>()
  const newest = new Array<number>(partitions).fill(Number.NEGATIVE_INFINITY)
  let deadLetters = 0
  let late = 0
  for (const { partition, value } of records) {
    const event = parsed(value)
    if (!event) {
      deadLetters++
      continue
    }
    const at = Date.parse(`${(event.bid ?? event.auction ?? event.person)!.dateTime}`.replace(' ', 'T').replace(/Z?$/, 'Z'))
    const watermark = Math.min(...newest) - watermarkBoundMs - 1
    newest[partition] = Math.max(newest[partition]!, at)
    const end = Math.floor(at / windowMs) * windowMs + windowMs
    const isLate = end - 1 <= watermark
    if (event.bid) {
      for (const { auction, price } of shopsOf({ auction: BigInt(event.bid.auction), price: BigInt(event.bid.price), url: event.bid.url, at })) {
        if (isLate) {
          late++
          continue
        }
        const key = `${auction}/${end}`
        const window = windows.get(key) ?? { auction, end, bids: 0, top: price, euros: 0, rest: 0 }
        window.bids++
        addExactly(window, Number(price) * 0.908)
        if (price > window.top) window.top = price
        windows.set(key, window)
      }
    } else if (event.auction && !isLate) {
      const { id, category, initialBid, reserve } = event.auction
      auctions.set(BigInt(id), { category: BigInt(category), first: BigInt(initialBid), reserve: BigInt(reserve), end })
    }
  }
  return { rows: learned(joined(windows.values(), auctions)), deadLetters, late }
}

function parsed(value: Uint8Array): Event | undefined {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value)) as Event
    const fits = typeof event === 'object' && event !== null && typeof event.event_type === 'number' && [event.bid, event.auction, event.person].some(part => part !== undefined)
    return fits ? event : undefined
  } catch {
    return undefined
  }
}

// A sum whose rounding errors are kept beside it, so that the order of its parts doesn't show.
function addExactly(sum: { euros: number; rest: number }, x: number): void {
  const before = sum.euros
  sum.euros += x
  const part = sum.euros - before
  sum.rest += before - (sum.euros - part) + (x - part)
}

type Joined = Omit<ExpectedRow, 'probability' | 'model_version'> & { inputs: number[] }

function joined(windows: Iterable<{ auction: bigint; end: number; bids: number; top: bigint; euros: number; rest: number }>, auctions: Map<bigint, { category: bigint; first: bigint; reserve: bigint; end: number }>): Joined[] {
  const rows: Joined[] = []
  for (const { auction, end, bids, top, euros, rest } of windows) {
    const known = auctions.get(auction)
    if (!known || known.end > end) continue
    const mean = (euros + rest) / bids
    const inputs = [bids, mean, Number(known.first), Number(known.reserve)].map(x => Math.log10(x))
    rows.push({ auction, window_end: end, bids, top, mean_euro: mean, category: known.category, reserve: known.reserve, met: top >= known.reserve, inputs })
  }
  return rows.sort((a, b) => a.window_end - b.window_end || (a.auction < b.auction ? -1 : 1))
}

// FTRL-proximal as McMahan et al. (2013) write it, without regularisation: predict, then learn, row by row.
function learned(rows: readonly Joined[]): ExpectedRow[] {
  const alpha = 0.5
  const beta = 1
  const width = features.length + 1
  const z = new Array<number>(width).fill(0)
  const n = new Array<number>(width).fill(0)
  return rows.map(({ inputs, ...row }, version) => {
    const x = [...inputs, 1]
    const w = z.map((zi, i) => (zi === 0 ? 0 : -zi / ((beta + Math.sqrt(n[i]!)) / alpha)))
    const probability = 1 / (1 + Math.exp(-x.reduce((sum, xi, i) => sum + xi * w[i]!, 0)))
    x.forEach((xi, i) => {
      const gradient = (probability - (row.met ? 1 : 0)) * xi
      const sigma = (Math.sqrt(n[i]! + gradient * gradient) - Math.sqrt(n[i]!)) / alpha
      z[i]! += gradient - sigma * w[i]!
      n[i]! += gradient * gradient
    })
    return { ...row, probability, model_version: BigInt(version) }
  })
}
