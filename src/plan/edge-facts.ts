// What resolving a plan learns about each edge; rewrite rules and stages build on it.
import type { Fields } from '../batch/schema.ts'

/** What is known of an edge. */
export interface EdgeFacts {
  readonly fields: Fields
  /** The rows end by themselves. */
  readonly bounded: boolean
  /** The rows end by themselves, also where the job treats them as if they didn't. */
  readonly ends: boolean
  /** A watermark operator lies upstream on every path. */
  readonly watermarked: boolean
  /** The column that the watermark is of, where it is there yet and unchanged. */
  readonly time?: string
  /** The step whose rows first change earlier ones (`$change`, batch/change.ts); undefined where rows only add up. */
  readonly changedBy?: string
  /** Ids of the sources that the rows come from. */
  readonly sources: ReadonlySet<string>
}
