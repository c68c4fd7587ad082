// Frozen state as a checkpoint would give it back: what lasts is stored once, by its id, and later only named.
import { readSync } from 'node:fs'
import type { SharedSpillFile } from '../../src/base/spill.ts'
import type { StateRun } from '../../src/state/state-run.ts'

const stored = new Map<string, Uint8Array>()

/** All bytes of a spill file. */
export function bytesOfShared({ descriptor, starts, lengths }: SharedSpillFile): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  for (const [block, start] of starts.entries()) readSync(descriptor, bytes, start, lengths[block]!, start)
  return bytes
}

/** The runs with their bytes. */
export function storedRuns(runs: readonly StateRun[]): StateRun[] {
  return runs.map(run => {
    if (!run.lasting) return run
    const { id, file } = run.lasting
    if (file || run.bytes.length > 0) stored.set(id, file ? bytesOfShared(file) : run.bytes)
    const bytes = stored.get(id)
    if (!bytes) throw new Error(`no checkpoint has the run ${id}`)
    return { ...run, bytes, lasting: { id } }
  })
}
