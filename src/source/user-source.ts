// Sources that users write: one object with splits and an async generator per split. Rows become columns here, with their split beside them, so that each has a watermark of
// its own; the position that came with the last rows taken of each split goes into checkpoints.
import { within } from '../base/clock.ts'
import { asError, ConnectorError, DataError, MillraceError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { allocateColumn, type Batch } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { int32 } from '../batch/data-type.ts'
import { parseSchema, type SchemaLike } from '../batch/schema.ts'
import type { FeedContext, FeedReader, FeedSourceType } from './source.ts'

/**
 * A source of one's own. `position` must be plain data; `read` continues behind it. `bounded`: the generators end by themselves. Watermarks wait for the split that is furthest behind; for one
 * that gives nothing as long as `idle` says.
 */
export interface UserSource<S extends SchemaLike = SchemaLike, P = unknown, R = Record<string, unknown>> {
  readonly name: string
  readonly schema: S
  /** Where a fresh split begins. */
  readonly start: P
  readonly bounded?: boolean
  splits(): readonly { readonly id: string }[] | Promise<readonly { readonly id: string }[]>
  read(split: { readonly id: string }, position: P): AsyncIterable<{ rows: readonly R[]; position: P }>
}

interface OpenSplit {
  readonly id: string
  readonly index: number
  readonly iterator: AsyncIterator<{ rows: readonly Record<string, unknown>[]; position: unknown }>
  pending: Promise<IteratorResult<{ rows: readonly Record<string, unknown>[]; position: unknown }>> | undefined
  position: unknown
  ended: boolean
}

/** The feed behind `from(source({ … }))`. Splits are read in turn, so that one that waits doesn't hold up the others. */
export const userFeed: FeedSourceType<UserSource> = {
  kind: 'user',
  resolve: (options, where) => ({ fields: [...parseSchema(options.schema, where), splitField], bounded: options.bounded ?? false }),
  async open(context, options, position) {
    const known = new Map((position as SplitPositions | undefined)?.splits ?? [])
    const splits: OpenSplit[] = []
    try {
      // Splits that a checkpoint knows keep their numbers, also one that isn't given any more.
      const ids = (await options.splits()).map(({ id }) => id)
      const given = new Set(ids)
      if (given.size < ids.length) throw new PlanError('SPLITS', `${context.where}: splits() of source "${options.name}" gives the id "${ids.find((id, i) => ids.indexOf(id) !== i)}" twice; give each split its own`)
      for (const id of new Set([...known.keys(), ...given])) {
        const at = known.has(id) ? known.get(id) : options.start
        const iterator = given.has(id) ? options.read({ id }, at)[Symbol.asyncIterator]() : nothing
        splits.push({ id, index: splits.length, iterator, pending: undefined, position: at, ended: iterator === nothing })
      }
    } catch (thrown) {
      throw userError(thrown, context.where, 'splits() or read()')
    }
    return userReader(context, options, splits)
  },
  describe: options => `source "${options.name}"`,
}

/** Positions by the splits' ids, in the order of their numbers. */
interface SplitPositions {
  readonly splits: readonly (readonly [id: string, position: unknown])[]
}

const splitField = { name: '$split', type: int32, nullable: false } as const
const nothing: OpenSplit['iterator'] = { next: async () => ({ done: true, value: undefined }) }
const waitMs = 50
/** After so many batches others have their turn: a source that never waits would keep timers, and so epochs, from theirs. */
const batchesInTurn = 32

function userReader(context: FeedContext, options: UserSource, splits: OpenSplit[]): FeedReader {
  const fields = parseSchema(options.schema, context.where)
  let turn = 0
  return {
    async next() {
      if (turn % batchesInTurn === batchesInTurn - 1) await nextTurn()
      const open = splits.filter(s => !s.ended)
      if (open.length === 0) return undefined
      for (const split of open) split.pending ??= split.iterator.next()
      const first = await within(context.clock, waitMs, Promise.race(open.map((s, i) => s.pending!.then(() => i)))).catch(error => {
        throw userError(error, context.where, 'read()')
      })
      if (first === undefined) return 'idle'
      const split = (await readyFrom(open, turn++)) ?? open[first]!
      const result = await split.pending!
      split.pending = undefined
      if (result.done) {
        split.ended = true
        return 'idle'
      }
      const batch = build(context, fields, result.value.rows, split.index)
      split.position = result.value.position
      return batch
    },
    position: () => ({ splits: splits.map(s => [s.id, s.position]) }) as unknown as Json,
    splitCount: () => splits.length,
    async close() {
      for (const split of splits) if (!split.ended) void split.iterator.return?.()
    },
  }
}

// The first split from `turn` on whose next rows are there already, so that a busy split doesn't starve the others.
async function readyFrom(open: readonly OpenSplit[], turn: number): Promise<OpenSplit | undefined> {
  for (let i = 0; i < open.length; i++) {
    const split = open[(turn + i) % open.length]!
    const isReady = await Promise.race([split.pending!.then(() => true), Promise.resolve(false)])
    if (isReady) return split
  }
  return undefined
}

function build(context: FeedContext, fields: ReturnType<typeof parseSchema>, rows: readonly Record<string, unknown>[], split: number): Batch | 'idle' {
  if (!Array.isArray(rows)) throw new DataError('USER_RESULT', `${context.where}: read() yielded ${typeof rows} as rows; yield { rows: [ … ], position }`)
  if (rows.length === 0) return 'idle'
  const arena = context.device.arena()
  try {
    const batch = buildBatch(context.device, arena, fields, rows, context.where)
    const splits = allocateColumn(arena, int32, rows.length)
    context.device.memory.int32s(splits.values, rows.length).fill(split)
    return { ...batch, fields: [...fields, splitField], columns: [...batch.columns, splits] }
  } catch (error) {
    arena.release()
    throw error
  }
}

/** What a source's own code threw, as a ConnectorError; a Millrace error stays as it is. `what` threw it; `retryable`: it can begin anew. */
export function userError(thrown: unknown, where: string, what: string, retryable = true): Error {
  if (thrown instanceof MillraceError) return thrown
  const error = asError(thrown)
  return new ConnectorError('USER_SOURCE', `${where}: the source's ${what} threw: ${error.message}; catch what can be retried inside it`, { cause: error, retryable })
}
