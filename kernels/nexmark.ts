// Nexmark events as columns. What is in the k-th event is a function of the seed and k alone: the chance of an event is a state, and its n-th draw a hash of
// the state and n, so that any range of events can be made anywhere and columns that nobody wants cost nothing. src/source/nexmark-events.ts says which event
// is which and what its fields mean; it makes the same events one by one, for JSON.
//
// `house` is the auction house, 18 words: [delayUs f64][baseTime f64][disorder f64][seed][what is added to a bidder][pool][its bytes][channels][their count]
// [the hot ones of them][URLs][names][cities][states][events taken: out]; channels, URLs, names, cities and states are arrays of views. `columns` holds an
// address a column, 0 for those that nobody wants. Views of texts that are longer than 12 bytes point into the pool or the heap.

const golden: u32 = 0x9e3779b9
const perCycle: u64 = 50
const firstId: i64 = 1000
const auctionHorizon: f64 = 1666

// Ellis, lowbias32.
// @ts-ignore: decorator
@inline function mix(value: u32): u32 {
  let x = value
  x = (x ^ (x >>> 16)) * 0x7feb352d
  x = (x ^ (x >>> 15)) * 0x846ca68b
  return x ^ (x >>> 16)
}

// @ts-ignore: decorator
@inline function stateOf(seed: u32, k: u64): u32 {
  return mix(mix(<u32>k ^ seed) ^ <u32>(k >>> 32))
}

// The n-th draw of an event, in [0, 2^32).
// @ts-ignore: decorator
@inline function draw(state: u32, n: u32): u32 {
  return mix(state + n * golden)
}

// @ts-ignore: decorator
@inline function below(state: u32, n: u32, count: u32): u32 {
  return <u32>((<u64>draw(state, n) * count) >>> 32)
}

// The number in the order of event time: events are shuffled within groups.
// @ts-ignore: decorator
@inline function adjusted(number: u64, disorder: u64): u64 {
  return disorder == 1 ? number : number - (number % disorder) + ((number * 953) % disorder)
}

// @ts-ignore: decorator
@inline function timeOf(house: usize, number: f64): f64 {
  return load<f64>(house, 8) + Math.floor(Math.trunc(number * load<f64>(house)) / 1000)
}

// @ts-ignore: decorator
@inline function anyPerson(lastPerson: i64, state: u32, n: u32): i64 {
  const active = min<i64>(lastPerson + 1, 1000)
  return lastPerson + 1 - active + <i64>below(state, n, <u32>active + 10)
}

// round(10^(6u) · 100) as 2^(whole + part), of multiplications and additions only: Taylor's series of e^y.
function price(drawn: u32): i64 {
  const x = <f64>drawn * (19.931568569324174 / 4294967296.0)
  const whole = Math.floor(x)
  const y = (x - whole) * 0.6931471805599453
  let power = 1.0 / 87178291200
  power = power * y + 1.0 / 6227020800
  power = power * y + 1.0 / 479001600
  power = power * y + 1.0 / 39916800
  power = power * y + 1.0 / 3628800
  power = power * y + 1.0 / 362880
  power = power * y + 1.0 / 40320
  power = power * y + 1.0 / 5040
  power = power * y + 1.0 / 720
  power = power * y + 1.0 / 120
  power = power * y + 1.0 / 24
  power = power * y + 1.0 / 6
  power = power * y + 0.5
  power = power * y + 1
  power = power * y + 1
  return <i64>Math.floor(power * <f64>(1 << <i32>whole) * 100 + 0.5)
}

// @ts-ignore: decorator
@inline function putView(views: usize, row: i32, address: usize, length: u32): void {
  const view = views + (<usize>row << 4)
  store<u64>(view, length)
  store<u64>(view, 0, 8)
  if (length > 12) {
    store<u32>(view, load<u32>(address), 4)
    store<u32>(view, <u32>address, 12)
  } else for (let i: u32 = 0; i < length; i++) store<u8>(view + 4 + i, load<u8>(address + i))
}

// @ts-ignore: decorator
@inline function copyView(views: usize, row: i32, from: usize, index: u32): void {
  v128.store(views + (<usize>row << 4), v128.load(from + (<usize>index << 4)))
}

// @ts-ignore: decorator
@inline function putWord(values: usize, row: i32, value: i64): void {
  if (values != 0) store<i64>(values + (<usize>row << 3), value)
}

// A cut of the pool that brings the event to `average` bytes, a fifth more or less.
// @ts-ignore: decorator
@inline function putExtra(house: usize, views: usize, row: i32, state: u32, n: u32, wanted: i32): void {
  const delta = <i32>Math.floor(0.2 * <f64>wanted + 0.5)
  const length: i32 = wanted <= 0 ? 0 : wanted - delta + (delta > 0 ? <i32>below(state, n, 2 * delta) : 0)
  putView(views, row, <usize>load<u32>(house, 32) + <usize>below(state, n + 1, load<u32>(house, 36) - length), length)
}

// 3 to lengthMax − 1 characters, one in 13 a blank, the others a to z; blanks at the ends are cut off. The length is draw `n`, characters are draws from `first` on.
function putText(state: u32, n: u32, first: u32, lengthMax: u32, out: usize): u32 {
  const length: u32 = 3 + below(state, n, lengthMax - 3)
  let start: u32 = length
  let end: u32 = 0
  for (let i: u32 = 0; i < length; i++) {
    const drawn = <u64>draw(state, first + i) * 13
    const isBlank = drawn >>> 32 == 0
    store<u8>(out + i, isBlank ? 32 : <u8>(97 + (((drawn & 0xffffffff) * 26) >>> 32)))
    if (isBlank) continue
    end = i + 1
    if (start == length) start = i
  }
  if (start >= end) return 0
  if (start > 0) memory.copy(out, out + start, end - start)
  return end - start
}

// @ts-ignore: decorator
@inline function markRow(validity: usize, row: i32): void {
  const at = validity + <usize>(row >>> 3)
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(row & 7)))
}

// Which of 50 events the id of event `number` is, and in which cycle: cycle · 64 + place.
// @ts-ignore: decorator
@inline function placeOf(number: u64, disorder: u64): u64 {
  const id = 1 + adjusted(number, disorder)
  const cycle = id / perCycle
  return (cycle << 6) | (id - cycle * perCycle)
}

// @ts-ignore: decorator
@inline function nextPlace(place: u64, number: u64, disorder: u64): u64 {
  if (disorder != 1) return placeOf(number, disorder)
  return (place & 63) < 49 ? place + 1 : place + 15
}

/**
 * The bids among events [first, first + events), at most rowsMax: auction, bidder, price, channel, url, dateTime, extra. Gives their number, and in the house how
 * many events were taken. With `validity` row i is event first + i, and its bit says whether it is a bid.
 */
export function nexmarkBids(house: usize, first: f64, events: i32, rowsMax: i32, columns: usize, validity: usize): i32 {
  const disorder = <u64>load<f64>(house, 16)
  const bidderOffset = <i64>load<i32>(house, 28)
  const auctions = load<u32>(columns)
  const bidders = load<u32>(columns, 4)
  const prices = load<u32>(columns, 8)
  const channels = load<u32>(columns, 12)
  const urls = load<u32>(columns, 16)
  const times = load<u32>(columns, 20)
  const extras = load<u32>(columns, 24)
  let place = placeOf(<u64>first + 1, disorder)
  let rows = 0
  let i = 0
  for (; i < events && rows < rowsMax; i++) {
    const number = <u64>first + 1 + <u64>i
    if (i > 0) place = nextPlace(place, number, disorder)
    if ((place & 63) < 4) continue
    const row = validity != 0 ? i : rows
    rows++
    if (validity != 0) markRow(validity, row)
    const cycle = <i64>(place >>> 6)
    const state = stateOf(load<u32>(house, 24), number - 1)
    if (auctions != 0) putWord(auctions, row, firstId + bidOn(cycle, state))
    if (bidders != 0) putWord(bidders, row, bidderOffset + (below(state, 3, 4) > 0 ? (cycle / 100) * 100 + 1 : anyPerson(cycle, state, 4)))
    if (prices != 0) putWord(prices, row, price(draw(state, 5)))
    if (channels + urls != 0) {
      const hot = load<u32>(house, 48)
      const channel = below(state, 6, 2) > 0 ? below(state, 7, hot) : hot + below(state, 7, load<u32>(house, 44) - hot)
      if (channels != 0) copyView(channels, row, load<u32>(house, 40), channel)
      if (urls != 0) copyView(urls, row, load<u32>(house, 52), channel)
    }
    if (times != 0) putWord(times, row, <i64>timeOf(house, <f64>adjusted(number, disorder)))
    if (extras != 0) putExtra(house, extras, row, state, 8, 100 - 32)
  }
  store<i32>(house, i, 68)
  return rows
}

// Half of the bids are on the newest auction whose number 100 divides, the others on any of the newest 100, or of the next 10.
// @ts-ignore: decorator
@inline function bidOn(cycle: i64, state: u32): i64 {
  const last = 3 * cycle + 2
  const least = max<i64>(last - 100, 0)
  return below(state, 1, 2) > 0 ? (last / 100) * 100 : least + <i64>below(state, 2, <u32>(last - least) + 11)
}

/** As `nexmarkBids`: id, itemName, description, initialBid, reserve, dateTime, expires, seller, category, extra. `heap`: room for 120 bytes of text a row. */
export function nexmarkAuctions(house: usize, first: f64, events: i32, rowsMax: i32, columns: usize, validity: usize, heap: usize): i32 {
  const disorder = <u64>load<f64>(house, 16)
  const expires = load<u32>(columns, 24)
  const sellers = load<u32>(columns, 28)
  let place = placeOf(<u64>first + 1, disorder)
  let rows = 0
  let i = 0
  for (; i < events && rows < rowsMax; i++) {
    const number = <u64>first + 1 + <u64>i
    if (i > 0) place = nextPlace(place, number, disorder)
    const offset = <i64>(place & 63)
    if (offset < 1 || offset > 3) continue
    const row = validity != 0 ? i : rows
    rows++
    if (validity != 0) markRow(validity, row)
    const cycle = <i64>(place >>> 6)
    const state = stateOf(load<u32>(house, 24), number - 1)
    const initialBid = price(draw(state, 1))
    const order = <f64>adjusted(number, disorder)
    const time = timeOf(house, order)
    putWord(load<u32>(columns), row, firstId + 3 * cycle + offset - 1)
    putWord(load<u32>(columns, 12), row, initialBid)
    if (load<u32>(columns, 16) != 0) putWord(load<u32>(columns, 16), row, initialBid + price(draw(state, 2)))
    putWord(load<u32>(columns, 20), row, <i64>time)
    if (expires != 0) {
      const span = max<f64>(2 * (timeOf(house, order + auctionHorizon) - time), 1)
      putWord(expires, row, <i64>(time + 1 + Math.floor((<f64>draw(state, 6) * span) / 4294967296)))
    }
    if (sellers != 0) putWord(sellers, row, firstId + (below(state, 3, 4) > 0 ? (cycle / 100) * 100 : anyPerson(cycle, state, 4)))
    putWord(load<u32>(columns, 32), row, 10 + <i64>below(state, 5, 5))
    heap = putAuctionTexts(house, columns, row, state, heap)
  }
  store<i32>(house, i, 68)
  return rows
}

function putAuctionTexts(house: usize, columns: usize, row: i32, state: u32, heap: usize): usize {
  const names = load<u32>(columns, 4)
  const descriptions = load<u32>(columns, 8)
  const extras = load<u32>(columns, 36)
  let current: i32 = 48
  if (names + extras != 0) {
    const length = putText(state, 7, 11, 20, heap)
    current += length
    if (names != 0) putView(names, row, heap, length)
    if (length > 12) heap += length
  }
  if (descriptions + extras != 0) {
    const length = putText(state, 8, 31, 100, heap)
    current += length
    if (descriptions != 0) putView(descriptions, row, heap, length)
    if (length > 12) heap += length
  }
  if (extras != 0) putExtra(house, extras, row, state, 9, 500 - current)
  return heap
}

/** As `nexmarkBids`: id, name, emailAddress, creditCard, city, state, dateTime, extra. `heap`: room for 36 bytes of text a row. */
export function nexmarkPersons(house: usize, first: f64, events: i32, rowsMax: i32, columns: usize, validity: usize, heap: usize): i32 {
  const disorder = <u64>load<f64>(house, 16)
  const wantsTexts = load<u32>(columns, 4) + load<u32>(columns, 8) + load<u32>(columns, 12) + load<u32>(columns, 16) + load<u32>(columns, 20) + load<u32>(columns, 28) != 0
  let place = placeOf(<u64>first + 1, disorder)
  let rows = 0
  let i = 0
  for (; i < events && rows < rowsMax; i++) {
    const number = <u64>first + 1 + <u64>i
    if (i > 0) place = nextPlace(place, number, disorder)
    if ((place & 63) != 0) continue
    const row = validity != 0 ? i : rows
    rows++
    if (validity != 0) markRow(validity, row)
    putWord(load<u32>(columns), row, firstId + <i64>(place >>> 6))
    putWord(load<u32>(columns, 24), row, <i64>timeOf(house, <f64>adjusted(number, disorder)))
    if (wantsTexts) heap = putPersonTexts(house, columns, row, stateOf(load<u32>(house, 24), number - 1), heap)
  }
  store<i32>(house, i, 68)
  return rows
}

function putPersonTexts(house: usize, columns: usize, row: i32, state: u32, heap: usize): usize {
  const shared = <usize>load<u32>(house, 56) + (<usize>(below(state, 1, 11) * 9 + below(state, 2, 9)) << 4)
  const city = <usize>load<u32>(house, 60) + (<usize>below(state, 7, 10) << 4)
  const region = <usize>load<u32>(house, 64) + (<usize>below(state, 8, 6) << 4)
  if (load<u32>(columns, 4) != 0) copyView(load<u32>(columns, 4), row, shared, 0)
  if (load<u32>(columns, 16) != 0) copyView(load<u32>(columns, 16), row, city, 0)
  if (load<u32>(columns, 20) != 0) copyView(load<u32>(columns, 20), row, region, 0)
  const mailBytes = putEmail(state, heap)
  if (load<u32>(columns, 8) != 0) putView(load<u32>(columns, 8), row, heap, mailBytes)
  if (mailBytes > 12) heap += mailBytes
  if (load<u32>(columns, 12) != 0) {
    putCard(state, heap)
    putView(load<u32>(columns, 12), row, heap, 19)
    heap += 19
  }
  const current = 8 + 19 + load<i32>(shared) + load<i32>(city) + load<i32>(region) + <i32>mailBytes
  if (load<u32>(columns, 28) != 0) putExtra(house, load<u32>(columns, 28), row, state, 9, 200 - current)
  return heap
}

function putEmail(state: u32, out: usize): u32 {
  const user = putText(state, 11, 13, 7, out)
  store<u8>(out + user, 64)
  const length = user + 1 + putText(state, 12, 20, 5, out + user + 1)
  store<u32>(out + length, 0x6d6f632e)
  return length + 4
}

function putCard(state: u32, out: usize): void {
  for (let group: u32 = 0; group < 4; group++) {
    let digits = below(state, 3 + group, 10_000)
    for (let i = 3; i >= 0; i--) {
      store<u8>(out + 5 * group + i, <u8>(48 + (digits % 10)))
      digits /= 10
    }
    if (group < 3) store<u8>(out + 5 * group + 4, 32)
  }
}

/** The kind of each event (0 person, 1 auction, 2 bid) as i8, and its time; an address of 0: not wanted. */
export function nexmarkKinds(house: usize, first: f64, events: i32, kinds: usize, times: usize): void {
  const disorder = <u64>load<f64>(house, 16)
  for (let i = 0; i < events; i++) {
    const number = <u64>first + 1 + <u64>i
    const offset = placeOf(number, disorder) & 63
    if (kinds != 0) store<i8>(kinds + <usize>i, offset < 1 ? 0 : offset < 4 ? 1 : 2)
    putWord(times, i, <i64>timeOf(house, <f64>adjusted(number, disorder)))
  }
}
