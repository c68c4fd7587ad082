// Runs the three kernels that fill a table of groups (kernels/group-table.wgsl): chooses bins and where the table lies, goes through the chunks,
// and turns the table's words into results. Sums of integers are exact modulo 2^64; sums of floats are exact until the last step here.
import { assert, DeviceError } from '../base/errors.ts'
import { shader } from '../device/assets.ts'
import type { Gpu, GpuBuffer, GpuPipeline } from '../device/gpu.ts'
import { type GpuChunk, type GpuColumn, rowsPerWorkgroup } from './gpu-column.ts'

/** What each group of rows came to; index = group. A row whose key or value is null counts nowhere. */
export interface GpuGroups {
  /** Rows of each group. */
  readonly counts: Uint32Array
  /** Sums: BigInt64Array of integers, exact modulo 2^64; Float64Array of floats, within 40 · 2^-53 · Σ|value|. Undefined without a value column. */
  readonly sums: BigInt64Array | Float64Array | undefined
  /** Least and greatest values, NaN being the greatest and −0 less than 0; 0 for an empty group. Undefined unless asked for. */
  readonly mins: Int32Array | Float32Array | undefined
  readonly maxs: Int32Array | Float32Array | undefined
  /** Rows with a key that belong to no group. */
  readonly outsideCount: number
}

/** A job for the table kernels: which family, its own words, the columns. `keys` and `values` have the same length. */
export interface GroupJob {
  readonly stem: 'filter' | 'aggregate' | 'window'
  readonly family: readonly number[]
  readonly groups: number
  readonly keys: GpuColumn
  readonly values: GpuColumn | undefined
  readonly extremes: boolean
}

/** Words of a group before its sums: count, flags, greatest complement of the order, greatest order. */
export const headWords = 4
/** Words of a table that a workgroup can keep to itself; as in the shader. */
export const localWords = 4_096
/** The flags of the shader. */
export const flagBits = {
  hasKeyBits: 1,
  hasValueBits: 2,
  withExtremes: 4,
  useLocal: 8,
  hasValues: 16,
  isFloat: 32,
  isWide: 64,
  onlyLow: 128,
  onlyHigh: 256,
} as const
const bindings = ['read', 'read', 'read', 'read', 'write'] as const

/** Runs a job. Throws DeviceError GPU_LIMIT for a table larger than a binding, GPU_LOST, GPU_FAILED, GPU_SHADER. */
export async function runGroupTable(gpu: Gpu, job: GroupJob): Promise<GpuGroups> {
  const { keys, values } = job
  assert(values === undefined || values.length === keys.length, `gpu ${job.stem}: ${keys.length} keys and ${values?.length} values`)
  const isFloat = values?.kind === 'float32'
  const { bins, firstBin } = values === undefined ? { bins: 0, firstBin: 0 } : isFloat ? await findBins(gpu, job) : { bins: 1, firstBin: 0 }
  const words = headWords + 2 * bins
  const tableBytes = (job.groups * words + 1) * 4
  if (tableBytes > gpu.limits.bindingBytes) {
    const most = Math.floor((gpu.limits.bindingBytes - 4) / 4 / words)
    throw new DeviceError('GPU_LIMIT', `gpu ${job.stem}: ${job.groups} groups are asked for; this GPU's bindings hold ${most} of them; use device: 'wasm'`)
  }
  const pipeline = await reducePipeline(gpu, job.stem)
  const flags = flagsOf(job) | (job.groups * words <= localWords ? flagBits.useLocal : 0)
  const table = gpu.buffer(tableBytes)
  try {
    eachChunk(gpu, job, table, (chunk, buffers, workgroups) => {
      const [x = 0, y = 0, z = 0, w = 0] = job.family
      gpu.dispatch(pipeline, Uint32Array.of(chunk.length, job.groups, bins, firstBin, x, y, z, w, flags, 0, 0, 0), buffers, [workgroups])
    })
    return readTable(new Uint32Array(await gpu.read(table)), job, words, firstBin)
  } finally {
    table.release()
  }
}

/** The compiled kernel that fills a family's tables. Bindings: keys, their validity, values, their validity, the table. Throws DeviceError GPU_SHADER, GPU_LOST. */
export async function reducePipeline(gpu: Gpu, stem: GroupJob['stem']): Promise<GpuPipeline> {
  return gpu.pipeline({ code: await shaderText(stem), entry: 'reduceGroups', bindings })
}

async function findBins(gpu: Gpu, job: GroupJob): Promise<{ bins: number; firstBin: number }> {
  const pipeline = await gpu.pipeline({ code: await shaderText('aggregate'), entry: 'findBins', bindings })
  const table = gpu.buffer(8)
  try {
    eachChunk(gpu, job, table, (chunk, buffers, workgroups) =>
      gpu.dispatch(pipeline, Uint32Array.of(chunk.length, 0, 0, 0, 0, 0, 0, 0, flagsOf(job), 0, 0, 0), buffers, [workgroups]),
    )
    const [afterLast, lowest] = new Uint32Array(await gpu.read(table)) as unknown as [number, number]
    // All zeros (or null, or not finite): one bin that stays 0.
    return afterLast === 0 ? { bins: 1, firstBin: 0 } : { bins: afterLast - (32 - lowest), firstBin: 32 - lowest }
  } finally {
    table.release()
  }
}

async function shaderText(stem: GroupJob['stem']): Promise<string> {
  return `${await shader('group-table')}\n${await shader(stem)}`
}

function flagsOf({ keys, values, extremes }: GroupJob): number {
  let flags = 0
  if (keys.chunks[0]?.validity) flags |= flagBits.hasKeyBits
  if (values?.chunks[0]?.validity) flags |= flagBits.hasValueBits
  if (extremes) flags |= flagBits.withExtremes
  if (values) flags |= flagBits.hasValues
  if (values?.kind === 'float32') flags |= flagBits.isFloat
  if (values?.kind === 'int64') flags |= flagBits.isWide
  return flags
}

// A binding that the shader won't read still needs a buffer: the keys.
function eachChunk(gpu: Gpu, job: GroupJob, table: GpuBuffer, run: (chunk: GpuChunk, buffers: GpuBuffer[], workgroups: number) => void): void {
  job.keys.chunks.forEach((chunk, i) => {
    const other = job.values?.chunks[i]
    const buffers = [chunk.values, chunk.validity ?? chunk.values, other?.values ?? chunk.values, other?.validity ?? chunk.values, table]
    run(chunk, buffers, Math.ceil(chunk.length / rowsPerWorkgroup))
  })
}

function readTable(table: Uint32Array, job: GroupJob, words: number, firstBin: number): GpuGroups {
  const { groups, values } = job
  const counts = new Uint32Array(groups)
  for (let group = 0; group < groups; group++) counts[group] = table[group * words]!
  const isFloat = values?.kind === 'float32'
  return {
    counts,
    sums: values === undefined ? undefined : isFloat ? floatSums(table, groups, words, firstBin) : wholeSums(table, groups, words),
    mins: job.extremes ? extremes(table, counts, words, 2, isFloat) : undefined,
    maxs: job.extremes ? extremes(table, counts, words, 3, isFloat) : undefined,
    outsideCount: table[groups * words]!,
  }
}

function wholeSums(table: Uint32Array, groups: number, words: number): BigInt64Array {
  const sums = new BigInt64Array(groups)
  const halves = new Uint32Array(sums.buffer)
  for (let group = 0; group < groups; group++) {
    halves[2 * group] = table[group * words + headWords]!
    halves[2 * group + 1] = table[group * words + headWords + 1]!
  }
  return sums
}

/** The float sums of a table of `words` a group, whose lowest bin is `firstBin`; infinities and NaN as their flags say. */
export function floatSums(table: Uint32Array, groups: number, words: number, firstBin: number): Float64Array {
  const sums = new Float64Array(groups)
  const bins = (words - headWords) / 2
  const scales = Float64Array.from({ length: bins }, (_, bin) => 2 ** (8 * (firstBin + bin) - 149))
  for (let group = 0; group < groups; group++) {
    const at = group * words
    const flags = table[at + 1]!
    let sum = 0
    for (let bin = bins - 1; bin >= 0; bin--) {
      const low = at + headWords + 2 * bin
      sum += ((table[low + 1]! | 0) * 2 ** 32 + table[low]!) * scales[bin]!
    }
    sums[group] = flags === 0 ? sum : flags === 2 ? Number.POSITIVE_INFINITY : flags === 4 ? Number.NEGATIVE_INFINITY : Number.NaN
  }
  return sums
}

/**
 * The least (word 2) or greatest (word 3) values of a table; 0 for an empty group. Word 2 holds the greatest complement of the order, word 3 the
 * greatest order: so that a table of zeros is empty.
 */
export function extremes(table: Uint32Array, counts: Uint32Array, words: number, word: 2 | 3, isFloat: boolean): Int32Array | Float32Array {
  const bits = new Uint32Array(counts.length)
  for (let group = 0; group < counts.length; group++) {
    if (counts[group] === 0) continue
    const order = word === 2 ? ~table[group * words + 2]! : table[group * words + 3]!
    bits[group] = isFloat ? floatOfOrder(order) : order ^ 0x8000_0000
  }
  return isFloat ? new Float32Array(bits.buffer) : new Int32Array(bits.buffer)
}

function floatOfOrder(order: number): number {
  if (order >>> 0 === 0xffff_ffff) return 0x7fc0_0000
  return order < 0 || order >= 0x8000_0000 ? order ^ 0x8000_0000 : ~order
}
