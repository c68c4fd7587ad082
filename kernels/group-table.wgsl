// What filter, aggregate and window share: a table of groups that any number of rows add to at once, exactly. It is put before their text.
// Of a group: [count][flags][max of ~order][max of order] and then `bins` sums of 64 bits (low, high); after the last group: [rows outside].
//
// WGSL has neither f64, 64-bit integers nor atomic float adds. An integer is added as two words with a carry: exact modulo 2^64. A float is
// m * 2^(e - 149) with whole m < 2^24; it is added as m << (e & 7), below 2^31, to bin e >> 3 of 32 (only the bins in use are kept). So a sum
// is exact, and the same in any order, for up to 2^31 rows. Method: Neal, "Fast exact summation using small and large superaccumulators".

struct Params {
  rows: u32,
  groups: u32,
  bins: u32,
  firstBin: u32,
  /** What a family needs: filter [low, high, inverted, float column], window [size ms, hop ms]. */
  family: vec4u,
  /** Bits of the flags below: uniform branches, because a pipeline for each combination takes longer to compile than they cost. */
  flags: u32,
}

const hasKeyBits = 1u;
const hasValueBits = 2u;
const withExtremes = 4u;
/** The table fits into localWords: each workgroup fills its own, and adds it to the shared one at its end. */
const useLocal = 8u;
const hasValues = 16u;
/** Values are f32; otherwise they are integers. */
const isFloat = 32u;
/** Values are 64-bit integers, low word first. */
const isWide = 64u;
/** Of a 64-bit integer only this word is added, the low one without a sign: sums of the words never overflow. */
const onlyLow = 128u;
const onlyHigh = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> keyBits: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<u32>;
@group(0) @binding(4) var<storage, read> valueBits: array<u32>;
@group(0) @binding(5) var<storage, read_write> table: array<atomic<u32>>;

const threads = 256u;
const rowsPerThread = 64u;
const headWords = 4u;
const localWords = 4096u;
const nanFlag = 1u;
const plusInfinityFlag = 2u;
const minusInfinityFlag = 4u;
const noGroup = 0xffffffffu;

var<workgroup> localTable: array<atomic<u32>, localWords>;

// What this thread has gathered for one group, and for one of its bins, and not yet added to a table.
var<private> heldGroup: u32 = noGroup;
var<private> heldCount: u32;
var<private> heldFlags: u32;
var<private> heldLeast: u32;
var<private> heldMost: u32;
var<private> heldAt: u32 = noGroup;
var<private> heldLow: u32;
var<private> heldHigh: u32;

fn has(flag: u32) -> bool {
  return (params.flags & flag) != 0u;
}

fn groupWords() -> u32 {
  return headWords + 2u * params.bins;
}

fn isKeyValid(row: u32) -> bool {
  return !has(hasKeyBits) || ((keyBits[row >> 5u] >> (row & 31u)) & 1u) == 1u;
}

fn isValueValid(row: u32) -> bool {
  return !has(hasValueBits) || ((valueBits[row >> 5u] >> (row & 31u)) & 1u) == 1u;
}

/** A whole number that orders floats by their bits alone, so that subnormals and NaN don't depend on the GPU's float mode. NaN comes last. */
fn orderOfFloat(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 0xffffffffu;
  }
  return bits ^ select(0x80000000u, 0xffffffffu, (bits >> 31u) == 1u);
}

fn addShared(at: u32, low: u32, high: u32) {
  var rest = high;
  if (low != 0u) {
    let before = atomicAdd(&table[at], low);
    rest += select(0u, 1u, before + low < before);
  }
  if (rest != 0u) {
    atomicAdd(&table[at + 1u], rest);
  }
}

fn addLocal(at: u32, low: u32, high: u32) {
  var rest = high;
  if (low != 0u) {
    let before = atomicAdd(&localTable[at], low);
    rest += select(0u, 1u, before + low < before);
  }
  if (rest != 0u) {
    atomicAdd(&localTable[at + 1u], rest);
  }
}

fn flushSum() {
  if (heldAt != noGroup) {
    if (has(useLocal)) {
      addLocal(heldAt, heldLow, heldHigh);
    } else {
      addShared(heldAt, heldLow, heldHigh);
    }
  }
}

fn addHeadShared(group: u32, count: u32, flags: u32, least: u32, most: u32) {
  let at = group * groupWords();
  atomicAdd(&table[at], count);
  if (flags != 0u) {
    atomicOr(&table[at + 1u], flags);
  }
  if (has(withExtremes)) {
    atomicMax(&table[at + 2u], least);
    atomicMax(&table[at + 3u], most);
  }
}

fn flushHead() {
  if (heldGroup == noGroup) {
    return;
  }
  if (!has(useLocal)) {
    addHeadShared(heldGroup, heldCount, heldFlags, heldLeast, heldMost);
    return;
  }
  let at = heldGroup * groupWords();
  atomicAdd(&localTable[at], heldCount);
  if (heldFlags != 0u) {
    atomicOr(&localTable[at + 1u], heldFlags);
  }
  if (has(withExtremes)) {
    atomicMax(&localTable[at + 2u], heldLeast);
    atomicMax(&localTable[at + 3u], heldMost);
  }
}

// What a value adds: 64 bits to a bin, and its place in the order of values.
struct Term {
  bin: u32,
  low: u32,
  high: u32,
  order: u32,
  flags: u32,
}

fn termOfFloat(bits: u32) -> Term {
  let exponent = (bits >> 23u) & 255u;
  let fraction = bits & 0x7fffffu;
  let negative = (bits >> 31u) == 1u;
  if (exponent == 255u) {
    let flag = select(select(plusInfinityFlag, minusInfinityFlag, negative), nanFlag, fraction != 0u);
    return Term(params.firstBin, 0u, 0u, orderOfFloat(bits), flag);
  }
  let shift = max(exponent, 1u) - 1u;
  let whole = select(fraction | 0x800000u, fraction, exponent == 0u) << (shift & 7u);
  // A zero may lie below the first bin in use.
  let bin = select(shift >> 3u, params.firstBin, whole == 0u);
  let minus = negative && whole != 0u;
  return Term(bin, select(whole, ~whole + 1u, minus), select(0u, 0xffffffffu, minus), orderOfFloat(bits), 0u);
}

fn termOf(row: u32) -> Term {
  if (has(isWide)) {
    let low = values[2u * row];
    let high = values[2u * row + 1u];
    if (has(onlyLow)) {
      return Term(0u, low, 0u, 0u, 0u);
    }
    if (has(onlyHigh)) {
      return Term(0u, high, select(0u, 0xffffffffu, (high >> 31u) == 1u), 0u, 0u);
    }
    return Term(0u, low, high, 0u, 0u);
  }
  let bits = values[row];
  if (has(isFloat)) {
    return termOfFloat(bits);
  }
  return Term(0u, bits, select(0u, 0xffffffffu, (bits >> 31u) == 1u), bits ^ 0x80000000u, 0u);
}

/** Adds a row to a group < params.groups; a row whose value is null counts nowhere. */
fn gather(group: u32, row: u32) {
  if (!isValueValid(row)) {
    return;
  }
  if (group != heldGroup) {
    flushHead();
    heldGroup = group;
    heldCount = 0u;
    heldFlags = 0u;
    heldLeast = 0u;
    heldMost = 0u;
  }
  heldCount += 1u;
  if (!has(hasValues)) {
    return;
  }
  let term = termOf(row);
  heldFlags |= term.flags;
  heldLeast = max(heldLeast, ~term.order);
  heldMost = max(heldMost, term.order);
  let at = group * groupWords() + headWords + 2u * (term.bin - params.firstBin);
  if (at != heldAt) {
    flushSum();
    heldAt = at;
    heldLow = term.low;
    heldHigh = term.high;
    return;
  }
  let sum = heldLow + term.low;
  heldHigh += term.high + select(0u, 1u, sum < term.low);
  heldLow = sum;
}

fn addLocalToShared(thread: u32) {
  for (var group = thread; group < params.groups; group += threads) {
    let at = group * groupWords();
    let count = atomicLoad(&localTable[at]);
    if (count == 0u) {
      continue;
    }
    addHeadShared(group, count, atomicLoad(&localTable[at + 1u]), atomicLoad(&localTable[at + 2u]), atomicLoad(&localTable[at + 3u]));
    for (var bin = 0u; bin < params.bins; bin++) {
      let sumAt = at + headWords + 2u * bin;
      addShared(sumAt, atomicLoad(&localTable[sumAt]), atomicLoad(&localTable[sumAt + 1u]));
    }
  }
}

/** One workgroup takes 16,384 rows; neighbouring threads read neighbouring rows. Each family says in `place` which groups a row belongs to. */
@compute @workgroup_size(threads)
fn reduceGroups(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let start = workgroup.x * threads * rowsPerThread + thread;
  var outside = 0u;
  for (var step = 0u; step < rowsPerThread; step++) {
    let row = start + step * threads;
    if (row >= params.rows) {
      break;
    }
    if (isKeyValid(row) && !place(row)) {
      outside += 1u;
    }
  }
  flushSum();
  flushHead();
  if (outside != 0u) {
    atomicAdd(&table[params.groups * groupWords()], outside);
  }
  if (has(useLocal)) {
    workgroupBarrier();
    addLocalToShared(thread);
  }
}

/** Which bins the values need: table[0] becomes the highest + 1, table[1] the greatest 32 - bin; both stay 0 where all values are zero. */
@compute @workgroup_size(threads)
fn findBins(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let start = workgroup.x * threads * rowsPerThread + thread;
  var highest = 0u;
  var lowest = 0u;
  for (var step = 0u; step < rowsPerThread; step++) {
    let row = start + step * threads;
    if (row >= params.rows) {
      break;
    }
    let bits = values[row] & 0x7fffffffu;
    if (bits != 0u && bits < 0x7f800000u && isValueValid(row)) {
      let bin = (max(bits >> 23u, 1u) - 1u) >> 3u;
      highest = max(highest, bin + 1u);
      lowest = max(lowest, 32u - bin);
    }
  }
  if (highest != 0u) {
    atomicMax(&table[0], highest);
    atomicMax(&table[1], lowest);
  }
}
