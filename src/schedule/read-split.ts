// One split being read, in steps: the reader's arenas are handed on with their batches, or taken back.
import type { Batch } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { operatorType, scanType } from '../plan/catalogue.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { ScanSplit } from '../source/source.ts'

/** From this many rows a batch on, the user has set no lower limit. */
const usualRows = 65_536

/** The most rows of a scan's batch. */
export function scanRows({ scan, steps }: StageSpec, batchRows: number): number {
  const keptRows = scan?.kind === 'kept' && batchRows >= usualRows && steps[0] ? operatorType(steps[0].kind).keptRows : undefined
  return keptRows ?? batchRows
}

/** What the readers of a scan share in one thread, from split to split. */
export class KeptByReaders {
  readonly #kept = new Map<string, { close(): void }>()

  /** What has this name; made at first. */
  get<T extends { close(): void }>(name: string, make: () => T): T {
    let kept = this.#kept.get(name)
    if (!kept) this.#kept.set(name, (kept = make()))
    return kept as T
  }

  close(): void {
    for (const kept of this.#kept.values()) kept.close()
    this.#kept.clear()
  }
}

/** What becomes of a split. `shared`: the address of what readers of the scan share. */
export interface SplitReading {
  readonly device: Device
  /** The most rows of a batch, as of now. */
  readonly batchRows: () => number
  readonly shared: number
  /** `own`: the batch's arena, where the reader made it for this batch; it is the receiver's then. `isData`: it is none of what went wrong. */
  readonly scanned: (batch: Batch, port: string | undefined, own: Arena | undefined, isData: boolean) => void
  readonly count: (metric: string, by: number) => void
  readonly kept: KeptByReaders
  /** Runs each step of the reader. */
  readonly timed: <T>(step: () => T) => T
}

/** Reads a split of `scan`; yields wherever the reader may pause, and what it must wait for. Left early, it lets the reader close its file. */
export function* readSplit(scan: StageSpec['scan'] & object, split: ScanSplit, reading: SplitReading): Generator<Promise<void> | undefined, void> {
  const { device, batchRows, shared, scanned, count, kept, timed } = reading
  const type = scanType(scan.kind)
  let current: Arena | undefined
  // A reader may give an arena back itself; what it leaves is released here.
  const releaseCurrent = () => {
    if (current && !current.isReleased) current.release()
    current = undefined
  }
  const context = {
    device,
    where: scan.id,
    get batchRows() {
      return batchRows()
    },
    shared,
    arena: () => {
      releaseCurrent()
      current = device.arena()
      return current
    },
    emit: (batch: Batch, port?: string) => {
      const own = batch.arena === current?.address ? current : undefined
      if (own) current = undefined
      scanned(batch, port, own, port === undefined || type.portAlone !== undefined)
    },
    count,
    wanted: (port = '') => (scan.outputs ? scan.outputs[port] : port === '' ? (scan.columns ?? 'all') : undefined),
    keep: <T extends { close(): void }>(name: string, make: () => T) => kept.get(name, make),
  }
  const steps = type.read(context, scan.options, split, scan.columns)[Symbol.iterator]()
  try {
    for (let step = timed(() => steps.next()); !step.done; step = timed(() => steps.next())) yield step.value ?? undefined
  } finally {
    steps.return?.()
    releaseCurrent()
  }
}
