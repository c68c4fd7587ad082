// Groups of an operator's state that memory lacks: they lie in segments by key. Checkpoints write what has changed since the last, a restart reads a group when a row of it
// comes, and where memory is short all of it is written and forgotten. The operator keeps the groups themselves, as rows that it can give and take.
import { keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import { KeyedSegments } from '../state/keyed-segments.ts'
import type { StateRun } from '../state/state-run.ts'
import type { OperatorContext } from './operator.ts'

/** Rows of groups: of each row the number of its group (u32), those of a group together and in order. */
export interface GroupRows {
  readonly gids: number
  readonly rows: Batch
}

/** Groups as the operator has found them: rows are of `gids`, of which those from `known` on are new to memory. */
export interface FoundGroups {
  readonly gids: number
  readonly rowCount: number
  readonly known: number
  readonly groupCount: number
}

/** Of a group: rows have come since it was written; a segment has it. */
const changed = 1
const written = 2
const cacheShare = 0.25
const cacheBytesMost = 256 << 20
const groupBytesMin = 1 << 20
/** Groups whose older rows in segments count no more, before they are looked at. */
const lostMin = 65_536

/** What is known of an operator's groups. Owns files until `close`. Cost of a batch: a byte a row; of a group that is new to memory, while memory lacks any, a look at a filter for each segment. */
export class ColdGroups {
  readonly #context: OperatorContext
  readonly #segments: KeyedSegments
  /** By group. */
  #marks = new Uint8Array(1_024)
  /** Segments may have groups that memory lacks. */
  #isCold = false
  /** Groups that were forgotten last, and how many of these have come again. */
  #forgottenGroups = 0
  #returned = 0
  /** Memory is exceeded by so much where what was forgotten is needed again at once. */
  #excess = 1
  /** Groups that were written again, and groups written, since segments were compacted. */
  #lost = 0
  #groupsWritten = 0

  /** For rows of `fields`, by those at `keys`, none of which may be null. */
  constructor(context: OperatorContext, fields: Fields, keys: readonly number[], table: string) {
    const { device, instance, parallelism, spill, stateBytesMax, where } = context
    this.#context = context
    const cacheBytes = Number.isFinite(stateBytesMax) ? stateBytesMax * cacheShare : cacheBytesMost
    this.#segments = new KeyedSegments({ device, spill, fields, keys, table, keyGroups: keyGroupRange(instance, parallelism), cacheBytes, where })
  }

  /** Takes note of the groups of a batch's rows; gives what segments have of those that are new to memory. Throws as `KeyedSegments.take`. */
  came(arena: Arena, found: FoundGroups, keyColumns: readonly Column[]): GroupRows | undefined {
    this.#mark(found)
    return this.#isCold && found.groupCount > found.known ? this.#fetched(arena, found, keyColumns) : undefined
  }

  /** True where groups of so many bytes are more than memory should have, and most won't be needed at once. */
  isShort(bytes: number): boolean {
    const { stateBytesMax } = this.#context
    if (!Number.isFinite(stateBytesMax) || bytes <= this.#excess * Math.max(groupBytesMin, stateBytesMax * (1 - cacheShare) - this.#segments.bytes)) return false
    if (this.#returned <= this.#forgottenGroups / 2) return true
    // They would go and come again and again.
    this.#excess *= 2
    this.#returned = 0
    return false
  }

  /** Writes the groups that have changed: `rowsOf` gives all rows of `count` groups (u32), by group. Throws as `SpillFile`. */
  write(groupCount: number, rowsOf: (arena: Arena, gids: number, count: number) => Batch): void {
    const { device } = this.#context
    const marks = this.#marks.subarray(0, groupCount)
    const dirty: number[] = []
    for (let gid = 0; gid < groupCount; gid++) if (marks[gid]! & changed) dirty.push(gid)
    if (dirty.length === 0) return
    const arena = device.arena()
    try {
      const gids = arena.allocate(4 * dirty.length)
      device.memory.uint32s(gids, dirty.length).set(dirty)
      this.#segments.put(rowsOf(arena, gids, dirty.length))
    } finally {
      arena.release()
    }
    for (const gid of dirty) {
      if (marks[gid]! & written) this.#lost++
      marks[gid] = written
    }
    this.#groupsWritten += dirty.length
    this.#compact()
  }

  /** Memory has forgotten all `groupCount` groups, which were written. */
  forgotten(groupCount: number): void {
    this.#forgottenGroups = groupCount
    this.#returned = 0
    this.#marks.fill(0)
    this.#isCold = true
  }

  /** What was written, as runs that stay. */
  runs(): StateRun[] {
    return this.#segments.runs()
  }

  /** Takes over such runs, of all instances. Throws DataError STATE_CORRUPT. */
  restore(runs: readonly StateRun[]): void {
    this.#segments.restore(runs)
    this.#isCold ||= this.#segments.rowCount > 0
  }

  close(): void {
    this.#segments.close()
  }

  #mark({ gids, rowCount, groupCount }: FoundGroups): void {
    if (groupCount > this.#marks.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(groupCount)))
      grown.set(this.#marks)
      this.#marks = grown
    }
    const [marks, numbers] = [this.#marks, this.#context.device.memory.uint32s(gids, rowCount)]
    for (let row = 0; row < rowCount; row++) marks[numbers[row]!]! |= changed
  }

  #fetched(arena: Arena, { gids, rowCount, known, groupCount }: FoundGroups, keyColumns: readonly Column[]): GroupRows | undefined {
    const { device } = this.#context
    const fresh = groupCount - known
    const first = arena.allocate(4 * fresh)
    const [all, firsts] = [device.memory.uint32s(gids, rowCount), device.memory.uint32s(first, fresh)]
    // Groups are numbered as their rows come.
    for (let row = 0, next = 0; next < fresh; row++) if (all[row]! === known + next) firsts[next++] = row
    const { numbers, rows, newest } = this.#segments.take(arena, keyColumns.map(column => gatherColumn(device, arena, column, first, fresh)), fresh)
    this.#returned += newest
    const found = device.memory.uint32s(numbers, rows.rowCount)
    for (let i = 0; i < found.length; i++) {
      found[i]! += known
      this.#marks[found[i]!]! |= written
    }
    return rows.rowCount === 0 ? undefined : { gids: numbers, rows }
  }

  #compact(): void {
    if (this.#lost <= lostMin || this.#lost <= this.#groupsWritten / 2) return
    this.#segments.compact()
    this.#groupsWritten -= this.#lost
    this.#lost = 0
  }
}

/** Whether groups by these keys can be cold: there are keys, and none may be null. */
export function canBeCold(fields: Fields, keys: readonly number[]): boolean {
  return keys.length > 0 && keys.every(key => !fields[key]!.nullable)
}
