// How much memory the jobs of an engine may hold, and how it is divided.
import { PlanError } from './errors.ts'
import { formatBytes, parseBytes } from './units.ts'

/** Bytes, or sizes such as '512MiB'. What is left out follows from the rest. */
export interface MemoryOptions {
  /** Everything the engine holds: state, batches between steps, and what a step needs while it works. */
  readonly total?: number | string
  /** What operators may keep before they spill: two fifths of the total unless said. */
  readonly state?: number | string
  /** What may lie in batches before sources wait: a quarter of the total unless said, and no more than 32 MiB a thread, but 64 to 128 MiB, which keeps all threads busy. */
  readonly batches?: number | string
}

/** Memory in bytes. What `stateBytes` and `batchBytes` leave of the total is for steps at work. */
export interface MemoryBudget {
  readonly totalBytes: number
  readonly stateBytes: number
  readonly batchBytes: number
}

/** What one engine can address. */
export const addressableBytes = 2 ** 32
const totalBytesMin = 2 ** 20
/** Of a thread, and of all. */
const batchBytesEnough = 2 ** 25
const [batchBytesLeast, batchBytesMost] = [2 ** 26, 2 ** 27]

/** The budget that `option` means for so many threads; without a total, three quarters of `machineBytes`. Never more than 4 GiB. Throws PlanError BYTES or MEMORY. */
export function memoryBudget(option: number | string | MemoryOptions | undefined, machineBytes: number, threads: number): MemoryBudget {
  const { total, state, batches } = typeof option === 'object' ? option : { total: option, state: undefined, batches: undefined }
  if (typeof option === 'object') for (const key of Object.keys(option)) if (!['total', 'state', 'batches'].includes(key)) throw refusal(`there is no "${key}" in it`)
  const totalBytes = Math.min(addressableBytes, total === undefined ? Math.floor(machineBytes * 0.75) : parseBytes(total, 'memory'))
  if (totalBytes < totalBytesMin) throw refusal(`${formatBytes(totalBytes)} are too few to hold a batch`)
  const given = [state, batches].map((part, i) => (part === undefined ? undefined : parseBytes(part, `memory.${['state', 'batches'][i]}`)))
  const stateBytes = given[0] ?? Math.floor(Math.min(totalBytes * 0.4, Math.max(0, totalBytes - (given[1] ?? 0)) / 1.5))
  const enough = Math.min(batchBytesMost, Math.max(batchBytesLeast, threads * batchBytesEnough))
  const batchBytes = given[1] ?? Math.floor(Math.min(enough, totalBytes / 4, (totalBytes - stateBytes) / 2))
  if (stateBytes + batchBytes > totalBytes) {
    throw refusal(`${formatBytes(stateBytes)} for state and ${formatBytes(batchBytes)} for batches are more than the total of ${formatBytes(totalBytes)}`)
  }
  return { totalBytes, stateBytes, batchBytes }
}

function refusal(what: string): PlanError {
  return new PlanError('MEMORY', `memory: ${what}; give a size such as '512MiB' (1 MiB or more), or { total, state, batches } where state and batches leave something of the total`)
}
