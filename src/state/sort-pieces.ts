// Where sorted runs are cut so that the rows between two cuts, of all runs together, are about as many as wanted.
import type { Batch } from '../batch/batch.ts'
import { concatBatches } from '../compute/concat.ts'
import { gatherColumn } from '../compute/gather.ts'
import { type OrderColumn, rowBehind, type SortedBatch, sortedBatch, sortKeys } from '../compute/sorted-rows.ts'
import { sortIndices } from '../compute/sort.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const samplesPerPiece = 16

/**
 * For each run the rows where its pieces begin, and its end. Piece p of all runs together has about `rows` rows, and none of it comes before one of piece
 * p − 1, nor, where they are equal, is of an earlier run. Cost: a binary search per run and piece.
 */
export function planPieces(device: Device, runs: readonly SortedBatch[], order: readonly OrderColumn[], rows: number): Uint32Array[] {
  const total = runs.reduce((sum, { batch }) => sum + batch.rowCount, 0)
  const pieces = Math.max(1, Math.ceil(total / rows))
  const cuts = runs.map(({ batch }) => new Uint32Array(pieces + 1).fill(batch.rowCount, pieces))
  if (pieces === 1) return cuts
  const arena = device.arena()
  try {
    const samples = takeSamples(device, arena, runs, order, total / (pieces * samplesPerPiece))
    const sampled = [...device.memory.uint32s(sortIndices(device, arena, sortKeys(samples.batch, samples.order), samples.batch.rowCount), samples.batch.rowCount)]
    const splitters = sortedBatch(device, arena, samples.batch, samples.order)
    for (let piece = 1; piece < pieces; piece++) {
      const splitter = sampled[Math.floor((piece * sampled.length) / pieces)]!
      const owner = samples.owners[splitter]!
      runs.forEach((run, i) => {
        cuts[i]![piece] = rowBehind(device, run, cuts[i]![piece - 1]!, splitters, splitter, order.length, i < owner)
      })
    }
    return cuts
  } finally {
    arena.release()
  }
}

interface Samples {
  /** The key columns of the sampled rows, in the order of runs. */
  readonly batch: Batch
  readonly order: readonly OrderColumn[]
  /** The run of each sample. */
  readonly owners: readonly number[]
}

// A row every `step` rows of each run, at least one.
function takeSamples(device: Device, arena: Arena, runs: readonly SortedBatch[], order: readonly OrderColumn[], step: number): Samples {
  const fields = order.map(({ index }) => runs[0]!.batch.fields[index]!)
  const owners: number[] = []
  const parts = runs.map(({ batch }, owner): Batch => {
    const count = Math.max(1, Math.floor(batch.rowCount / step))
    const rows = arena.allocate(4 * count)
    const numbers = device.memory.uint32s(rows, count)
    for (let i = 0; i < count; i++) numbers[i] = Math.floor(((i + 0.5) * batch.rowCount) / count)
    for (let i = 0; i < count; i++) owners.push(owner)
    return { fields, rowCount: count, columns: order.map(({ index }) => gatherColumn(device, arena, batch.columns[index]!, rows, count)), arena: arena.address }
  })
  return { batch: concatBatches(device, arena, fields, parts), order: order.map((column, index) => ({ ...column, index })), owners }
}
