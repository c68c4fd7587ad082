// The states of count, sum, mean, min and max on the GPU: rows are queued batch by batch without waiting and the tables are read once. What
// comes back are the partial states of accumulator.ts, so a group may be fed by both devices. The kernel is kernels/group-table.wgsl.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int32, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { GpuBuffer } from '../device/gpu.ts'
import type { Memory } from '../device/memory.ts'
import type { AggregateSpec } from './aggregate-contract.ts'
import { chunkRows, rowsPerWorkgroup, uploadColumn } from './gpu-column.ts'
import { extremes, flagBits, floatSums, headWords, localWords } from './gpu-group-table.ts'
import type { ReadyGpu } from './ready-gpu.ts'

/** Groups that a table on the GPU holds at most. */
export const gpuGroupsMax = 65_536
/** How much may be queued: from `busyBytes` on it is time to wait; beyond `refuseBytes`, within a call that can't wait, rows are refused. */
export interface GpuQueueLimits {
  readonly busyBytes: number
  readonly refuseBytes: number
}

/** What keeps the queue short beside the inputs that are read. */
export const gpuQueueLimits: GpuQueueLimits = { busyBytes: 32 * 2 ** 20, refuseBytes: 256 * 2 ** 20 }
// The sums of a table are exact for so many rows.
const tableRowsMax = 2 ** 31
// The bins of a float: all of them, since later rows may need any.
const floatBins = 32

/**
 * How the GPU computes an aggregate: 'exact', or 'rounded' where each float64 value becomes its nearest float32 first (relative error ≤ 2^-24, beyond
 * 3.4e38 infinite; the sum itself is exact). Undefined for what it can't do: min and max of int64, times, bools and strings.
 */
export function gpuFit({ fn, inputType }: AggregateSpec): 'exact' | 'rounded' | undefined {
  const kind = inputType?.kind
  if (fn === 'count' || kind === 'int32') return 'exact'
  if (kind === 'float64') return 'rounded'
  return kind === 'int64' && (fn === 'sum' || fn === 'mean') ? 'exact' : undefined
}

type PassKind = 'rows' | 'int32' | 'low' | 'high' | 'float64'

// One run of the kernel over a batch: what it reduces of which column (that of aggregate `spec`; −1: rows alone).
interface Pass {
  readonly spec: number
  readonly input: number
  readonly kind: PassKind
  withExtremes: boolean
}

interface Tables {
  readonly capacity: number
  readonly buffers: readonly GpuBuffer[]
  rows: number
}

// Buffers of one column of the batch at hand.
interface Uploaded {
  readonly values: GpuBuffer | undefined
  readonly validity: GpuBuffer | undefined
}

const passFlags: Readonly<Record<PassKind, number>> = {
  rows: 0,
  int32: flagBits.hasValues,
  low: flagBits.hasValues | flagBits.isWide | flagBits.onlyLow,
  high: flagBits.hasValues | flagBits.isWide | flagBits.onlyHigh,
  float64: flagBits.hasValues | flagBits.isFloat,
}
const passBins: Readonly<Record<PassKind, number>> = { rows: 0, int32: 1, low: 1, high: 1, float64: floatBins }

const wordsOf = (pass: Pass) => headWords + 2 * passBins[pass.kind]

/** States by group on the GPU for aggregates that `gpuFit`. Owns its buffers until `close`. */
export class GpuAccumulators {
  readonly #ready: ReadyGpu
  readonly #memory: Memory
  readonly #specs: readonly AggregateSpec[]
  readonly #passes: readonly Pass[]
  readonly #passesOf: readonly (readonly number[])[]
  readonly #bytesPerRow: number
  readonly #limits: GpuQueueLimits
  /** Groups that fit at most: rows of more are refused. */
  readonly groupsMax: number
  #tables: Tables[] = []
  #zeroKeys: GpuBuffer | undefined
  #queuedBytes = 0

  /** `inputs`: the column that each aggregate reads, as a number, −1 for counts of rows: equal numbers share their upload. */
  constructor(ready: ReadyGpu, memory: Memory, specs: readonly AggregateSpec[], inputs: readonly number[], limits: GpuQueueLimits = gpuQueueLimits) {
    this.#ready = ready
    this.#memory = memory
    this.#limits = limits
    this.#specs = specs
    const { passes, passesOf } = planPasses(specs, inputs)
    this.#passes = passes
    this.#passesOf = passesOf
    this.#bytesPerRow = 4 + new Set(inputs).size * 8
    this.groupsMax = Math.min(gpuGroupsMax, ...passes.map(pass => Math.floor((ready.gpu.limits.bindingBytes - 4) / 4 / wordsOf(pass))))
  }

  /** True where rows were taken since the last `drain`. */
  get pending(): boolean {
    return this.#tables.length > 0
  }
  /** True when so much is queued that it is time for `idle`. */
  get busy(): boolean {
    return this.#queuedBytes >= this.#limits.busyBytes
  }

  /**
   * Queues rows: as `Accumulators.update`, but gids 0 means that all rows belong to group 0. False, with nothing taken, for more groups than
   * `groupsMax`, or when too much is queued. The columns may change at once. Throws DeviceError GPU_LOST, GPU_LIMIT.
   */
  update(gids: number, columns: readonly (Column | undefined)[], rows: number, groupCount: number): boolean {
    const bytes = rows * this.#bytesPerRow
    if (groupCount > this.groupsMax || (this.#queuedBytes > 0 && this.#queuedBytes + bytes > this.#limits.refuseBytes)) return false
    const tables = this.#tablesFor(groupCount, rows)
    const step = chunkRows(this.#ready.gpu)
    for (let start = 0; start < rows; start += step) this.#queue(tables, gids, columns, start, Math.min(step, rows - start))
    tables.rows += rows
    this.#queuedBytes += bytes
    return true
  }

  /** Resolves when the queued work is done. Throws DeviceError GPU_LOST, GPU_FAILED. */
  async idle(): Promise<void> {
    await this.#ready.gpu.idle()
    this.#queuedBytes = 0
  }

  /**
   * Reads all states and forgets them. `take` asks `partial` for the columns of `Accumulators.partialColumns`, made in `arena` for groups 0 … `groups` − 1,
   * at most `capacity` of them; it may be called more than once, and all parts merge. Throws DeviceError GPU_LOST, GPU_FAILED.
   */
  async drain(take: (partial: (arena: Arena, groups: number) => Column[], capacity: number) => void): Promise<void> {
    const drained = this.#tables
    this.#tables = []
    try {
      for (const { capacity, buffers } of drained) {
        const tables = await Promise.all(buffers.map(async buffer => new Uint32Array(await this.#ready.gpu.read(buffer))))
        take((arena, groups) => this.#specs.flatMap((spec, i) => this.#partialColumns(arena, spec, this.#passesOf[i]!, tables, groups)), capacity)
      }
      this.#queuedBytes = 0
    } finally {
      for (const { buffers } of drained) for (const buffer of buffers) buffer.release()
    }
  }

  /** Gives the GPU's memory back. */
  close(): void {
    for (const { buffers } of this.#tables) for (const buffer of buffers) buffer.release()
    this.#tables = []
    this.#zeroKeys?.release()
    this.#zeroKeys = undefined
  }

  // Tables can't grow: larger ones go on beside the full ones.
  #tablesFor(groupCount: number, rows: number): Tables {
    const last = this.#tables.at(-1)
    if (last && last.capacity >= groupCount && last.rows + rows <= tableRowsMax) return last
    const capacity = Math.min(this.groupsMax, 2 ** Math.ceil(Math.log2(Math.max(1, groupCount, last ? 4 * last.capacity : 0))))
    const buffers: GpuBuffer[] = []
    try {
      for (const pass of this.#passes) buffers.push(this.#ready.gpu.buffer((capacity * wordsOf(pass) + 1) * 4))
    } catch (error) {
      for (const buffer of buffers) buffer.release()
      throw error
    }
    const tables = { capacity, buffers, rows: 0 }
    this.#tables.push(tables)
    return tables
  }

  #queue(tables: Tables, gids: number, columns: readonly (Column | undefined)[], start: number, rows: number): void {
    const { gpu, reduce } = this.#ready
    const held: GpuBuffer[] = []
    const upload = (kind: 'int32' | 'int64' | 'float64', length: number, values: number, validity = 0): Uploaded => {
      const [chunk] = uploadColumn(gpu, this.#memory, { kind, length, values, validity }).chunks
      held.push(chunk!.values)
      if (chunk!.validity) held.push(chunk!.validity)
      return chunk!
    }
    const uploads = new Map<number, Uploaded>()
    const uploadOf = (pass: Pass): Uploaded => {
      const column = columns[pass.spec]
      if (!column) return { values: undefined, validity: undefined }
      let uploaded = uploads.get(pass.input)
      if (!uploaded) {
        const validity = column.validity === 0 ? 0 : column.validity + start / 8
        if (pass.kind === 'rows')
          uploaded = { values: undefined, validity: validity === 0 ? undefined : upload('int32', Math.ceil(rows / 32), validity).values }
        else {
          const kind = pass.kind === 'low' || pass.kind === 'high' ? 'int64' : pass.kind
          uploaded = upload(kind, rows, column.values + start * (kind === 'int32' ? 4 : 8), validity)
        }
        uploads.set(pass.input, uploaded)
      }
      return uploaded
    }
    try {
      const keys = gids === 0 ? this.#zeros(rows) : upload('int32', rows, gids + 4 * start).values!
      this.#passes.forEach((pass, i) => {
        const { values, validity } = uploadOf(pass)
        const local = tables.capacity * wordsOf(pass) <= localWords ? flagBits.useLocal : 0
        const flags = passFlags[pass.kind] | local | (validity ? flagBits.hasValueBits : 0) | (pass.withExtremes ? flagBits.withExtremes : 0)
        const uniform = Uint32Array.of(rows, tables.capacity, passBins[pass.kind], 0, 0, 0, 0, 0, flags, 0, 0, 0)
        gpu.dispatch(reduce, uniform, [keys, keys, values ?? keys, validity ?? keys, tables.buffers[i]!], [Math.ceil(rows / rowsPerWorkgroup)])
      })
    } finally {
      for (const buffer of held) buffer.release()
    }
  }

  // Fresh buffers are zeros.
  #zeros(rows: number): GpuBuffer {
    if (this.#zeroKeys === undefined || this.#zeroKeys.bytes < 4 * rows) {
      this.#zeroKeys?.release()
      this.#zeroKeys = this.#ready.gpu.buffer(4 * rows)
    }
    return this.#zeroKeys
  }

  #partialColumns(arena: Arena, { fn, inputType }: AggregateSpec, passes: readonly number[], tables: readonly Uint32Array[], groups: number): Column[] {
    const [table, high] = passes.map(i => tables[i]!) as [Uint32Array, Uint32Array | undefined]
    const words = wordsOf(this.#passes[passes[0]!]!)
    const wide = (from: Uint32Array, at: number) => this.#wholes(arena, from, words, at, groups)
    if (fn === 'count') return [wide(table, 0)]
    const isFloat = inputType!.kind === 'float64'
    if (fn === 'min' || fn === 'max') return [this.#extreme(arena, inputType!, table, words, fn === 'min' ? 2 : 3, groups)]
    if (isFloat) return [this.#floats(arena, floatSums(table, groups, words, 0)), this.#floats(arena, new Float64Array(groups)), this.#floats(arena, countsOf(table, words, groups))]
    return high ? [wide(table, headWords), wide(high, headWords), wide(table, 0)] : [wide(table, headWords), wide(table, 0)]
  }

  // 64-bit words of a table; its counts (at 0) have 32 bits.
  #wholes(arena: Arena, table: Uint32Array, words: number, at: number, groups: number): Column {
    const out = allocateColumn(arena, int64, groups)
    const halves = this.#memory.uint32s(out.values, 2 * groups)
    for (let group = 0; group < groups; group++) {
      halves[2 * group] = table[group * words + at]!
      halves[2 * group + 1] = at === 0 ? 0 : table[group * words + at + 1]!
    }
    return out
  }

  #floats(arena: Arena, values: Float64Array | Uint32Array): Column {
    const out = allocateColumn(arena, float64, values.length)
    this.#memory.float64s(out.values, values.length).set(values)
    return out
  }

  #extreme(arena: Arena, type: DataType, table: Uint32Array, words: number, word: 2 | 3, groups: number): Column {
    const isFloat = type.kind === 'float64'
    const counts = countsOf(table, words, groups)
    const values = extremes(table, counts, words, word, isFloat)
    const out = allocateColumn(arena, isFloat ? float64 : int32, groups, true)
    if (isFloat) this.#memory.float64s(out.values, groups).set(values)
    else this.#memory.int32s(out.values, groups).set(values)
    const bits = this.#memory.bytes(out.validity, bitmapBytes(groups))
    for (let group = 0; group < groups; group++) if (counts[group] !== 0) bits[group >>> 3]! |= 1 << (group & 7)
    return out
  }
}

function countsOf(table: Uint32Array, words: number, groups: number): Uint32Array {
  const counts = new Uint32Array(groups)
  for (let group = 0; group < groups; group++) counts[group] = table[group * words]!
  return counts
}

// Which passes give each aggregate its state, first those of values, so that counts of their columns come along with them.
function planPasses(specs: readonly AggregateSpec[], inputs: readonly number[]): { passes: Pass[]; passesOf: number[][] } {
  const passes: Pass[] = []
  const passesOf: number[][] = specs.map(() => [])
  const passOf = (spec: number, kind: PassKind): Pass => {
    const input = inputs[spec]!
    let at = passes.findIndex(pass => pass.input === input && (pass.kind === kind || kind === 'rows'))
    if (at < 0) at = passes.push({ spec: input < 0 ? -1 : spec, input, kind, withExtremes: false }) - 1
    passesOf[spec]!.push(at)
    return passes[at]!
  }
  specs.forEach(({ fn, inputType }, spec) => {
    if (fn === 'count') return
    const isExtreme = fn === 'min' || fn === 'max'
    const kinds: readonly PassKind[] = inputType!.kind === 'int64' ? ['low', 'high'] : [inputType!.kind as 'int32' | 'float64']
    for (const kind of kinds) passOf(spec, kind).withExtremes ||= isExtreme
  })
  specs.forEach(({ fn }, spec) => fn === 'count' && passOf(spec, 'rows'))
  return { passes, passesOf }
}
