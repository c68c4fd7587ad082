// A part file that goes on from epoch to epoch: what a checkpoint knows of it, and how a restart finds what counts of it.
import { join } from 'node:path'
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { FileMoves } from './file-moves.ts'
import { outputError } from './file-output.ts'
import type { OutputCalls } from './output-calls.ts'

/** A hidden file of which `bytes` count, and what its encoder needs to go on behind them. */
export interface GrowingPart {
  readonly temp: string
  /** Where it will be seen: '' or a folder with / at its end. */
  readonly folder: string
  /** No two files of a directory share it: by it a file is found under the name that it got later. */
  readonly number: number
  readonly bytes: number
  readonly state: Json
  /** When its first row came, by the clock. */
  readonly openedMs: number
}

/**
 * Cuts the file to what counts. Where later epochs are undone, in one of which it was finished and got its name (one of `later`), it goes on as a copy of that one. Throws ConnectorError FILE_LOST.
 */
export async function recoverGrowing(calls: OutputCalls, moves: FileMoves, directory: string, part: GrowingPart, later: readonly string[], where: string): Promise<void> {
  const temp = join(directory, part.temp)
  try {
    if (!moves.find(temp)) {
      const isIt = new RegExp(`^part-\\d+-${part.number}\\.`)
      const shown = later.find(name => name.startsWith(part.folder) && isIt.test(name.slice(part.folder.length)))
      if (shown !== undefined) await copyDurably(calls, join(directory, shown), temp)
    }
    const bytes = moves.find(temp)?.bytes ?? -1
    if (bytes < part.bytes) {
      throw new ConnectorError(
        'FILE_LOST',
        `${where}: the checkpoint counts on ${part.bytes} bytes in ${temp}, ${Math.max(0, bytes)} are there; restore another checkpoint, or start anew with restore: 'none'`,
      )
    }
    calls.truncate(temp, part.bytes)
  } catch (thrown) {
    throw outputError(where, 'resume', temp, thrown)
  }
}

/** A copy that has its name only when it is whole and durable. */
export async function copyDurably(calls: OutputCalls, source: string, target: string): Promise<void> {
  const copy = `${target}.copy`
  calls.copy(source, copy)
  const descriptor = calls.open(copy, 'a')
  try {
    await calls.sync(descriptor)
  } finally {
    calls.close(descriptor)
  }
  await calls.rename(copy, target)
}
