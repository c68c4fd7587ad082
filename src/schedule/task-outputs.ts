// What a task gives: the batches of its last step and of side outputs, split among their readers, or encoded for a sink, so that the thread that writes
// files only writes.
import type { Batch } from '../batch/batch.ts'
import { arenaOf, packBatch, type PackedBatch } from '../batch/pack-batch.ts'
import { distributeBatch } from '../compute/partition.ts'
import { type Arena, releaseArena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { sinkType } from '../plan/catalogue.ts'
import type { StageOutput } from '../plan/stages.ts'
import type { RowsEncoder } from '../sink/encoded-rows.ts'
import type { PackedOutput } from './messages.ts'

/** The outputs of one task, collected message by message. */
export class TaskOutputs {
  readonly #device: Device
  readonly #outputs: readonly StageOutput[]
  readonly #encoders: readonly (RowsEncoder | undefined)[]
  #collected: PackedOutput[] = []

  constructor(device: Device, outputs: readonly StageOutput[]) {
    this.#device = device
    this.#outputs = outputs
    this.#encoders = outputs.map(({ encode, fields }) => encode && sinkType(encode.kind).encoder!(encode.options)!(device, fields))
  }

  /** Begins the reply to a message. */
  begin(): void {
    this.#collected = []
  }

  /** What was collected since `begin`; the references in it go along. */
  get collected(): readonly PackedOutput[] {
    return this.#collected
  }

  /** Takes a batch that `step` emits by `port`; it lives in `arena`. */
  collect(arena: Arena, step: number, batch: Batch, port: string | undefined): void {
    this.#outputs.forEach((output, index) => {
      if (output.step !== step || output.port !== port) return
      const encoder = this.#encoders[index]
      if (encoder) return this.#add(index, encoder.encode(batch))
      const { partition } = output
      const parts = partition ? distributeBatch(this.#device, arena, batch, partition.keys, partition.parallelism) : [batch]
      for (const part of parts) if (part) retainArena(this.#device, part.arena)
      this.#collected.push({ output: index, parts: parts.map(part => (part ? packBatch(part) : null)) })
    })
  }

  /** Adds what encoders have kept: the message is done. */
  flush(): void {
    for (const [index, encoder] of this.#encoders.entries()) this.#add(index, encoder?.flush?.() ?? [])
  }

  /** Gives back what was collected and nobody has heard of. */
  drop(): void {
    for (const { parts } of this.#collected) for (const part of parts) if (part) releaseArena(this.#device, arenaOf(part))
    this.#collected = []
  }

  close(): void {
    for (const encoder of this.#encoders) encoder?.close?.()
  }

  #add(output: number, encoded: readonly PackedBatch[]): void {
    for (const batch of encoded) this.#collected.push({ output, parts: [batch] })
  }
}
