// Rows into blocks whose rows lie by part (the top 10 bits of the key hash; the top 7 are the key group): how rows reach the instances that aggregate
// them. Places are row numbers of the block; rows keep their order within a part.
import { appendBits, appendOnes } from './gather'

/** Counts the rows of each part: counts[hash >> 22]++, u32. The caller zeroes the 1024 counts. */
export function countParts(hashes: usize, rows: i32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>(load<u32>(hashes) >> 22) << 2)
    store<u32>(at, load<u32>(at) + 1)
    hashes += 4
  }
}

/** places[row] = nexts[hash >> 22]++. `places` may be `hashes`. */
export function placeByPart(hashes: usize, rows: i32, nexts: usize, places: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = nexts + (<usize>(load<u32>(hashes) >> 22) << 2)
    const place = load<u32>(at)
    store<u32>(at, place + 1)
    store<u32>(places, place)
    hashes += 4
    places += 4
  }
}

/** out[places[row]] = values[row] for 1-byte values. */
export function scatterWord1(values: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<u8>(out + <usize>load<u32>(places), load<u8>(values + row))
    places += 4
  }
}

/** As `scatterWord1`, 2 bytes each. */
export function scatterWord2(values: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<u16>(out + (<usize>load<u32>(places) << 1), load<u16>(values))
    places += 4
    values += 2
  }
}

/** As `scatterWord1`, 4 bytes each. */
export function scatterWord4(values: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<u32>(out + (<usize>load<u32>(places) << 2), load<u32>(values))
    places += 4
    values += 4
  }
}

/** As `scatterWord1`, 8 bytes each. */
export function scatterWord8(values: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<u64>(out + (<usize>load<u32>(places) << 3), load<u64>(values))
    places += 4
    values += 8
  }
}

/** As `scatterWord1`, 16 bytes each: views, decimals. */
export function scatterWord16(values: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    v128.store(out + (<usize>load<u32>(places) << 4), v128.load(values))
    places += 4
    values += 16
  }
}

/** Bit places[row] of `out`, which was zeroed, becomes bit `row` of `bits`; 0 for `bits` stands for ones. */
export function scatterBits(bits: usize, places: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const bit = bits == 0 ? 1 : (<u32>load<u8>(bits + (row >> 3)) >> (row & 7)) & 1
    const place = load<u32>(places)
    const at = out + <usize>(place >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | (bit << (place & 7))))
    places += 4
  }
}

/**
 * Joins the rows of one part of several blocks. `lanes`: two u32 for each block, the address of a column's values and that of the block's 1024 starts, which
 * its 1024 counts follow. Values are `1 << shift` bytes each. Returns the rows.
 */
export function joinPart(lanes: usize, blocks: i32, part: i32, shift: i32, out: usize): i32 {
  let rows: u32 = 0
  for (let block = 0; block < blocks; block++) {
    const at = <usize>load<u32>(lanes, 4) + (<usize>part << 2)
    const count = load<u32>(at, 4096)
    const bytes = <usize>count << <usize>shift
    memory.copy(out, <usize>load<u32>(lanes) + (<usize>load<u32>(at) << <usize>shift), bytes)
    out += bytes
    rows += count
    lanes += 8
  }
  return rows
}

/** As `joinPart`, of bits; the address 0 stands for ones. */
export function joinBits(lanes: usize, blocks: i32, part: i32, out: usize): i32 {
  let rows: i32 = 0
  for (let block = 0; block < blocks; block++) {
    const at = <usize>load<u32>(lanes, 4) + (<usize>part << 2)
    const count = <i32>load<u32>(at, 4096)
    const bits = <usize>load<u32>(lanes)
    if (bits == 0) appendOnes(count, out, rows)
    else if (count > 0) appendBits(bits + (<usize>load<u32>(at) >> 3), count, out, rows)
    rows += count
    lanes += 8
  }
  return rows
}
