// A sink that shows a test what is committed, once over all lives of a job: rows are in the checkpoint until then, as in a system that takes them in two phases.
import type { Json } from '../../src/base/json.ts'
import { sink } from '../../src/index.ts'

/** The values of one column, in the order in which they were committed. */
export class CommittedRows {
  readonly given: unknown[] = []
  readonly #column: string
  readonly #committed = new Set<number>()

  constructor(column: string) {
    this.#column = column
  }

  /** The sink of one life. `hold` keeps it from taking rows. */
  sink(hold?: Promise<void>) {
    let open: unknown[] = []
    return sink({
      name: 'committed',
      delivery: 'transactional',
      write: async batch => {
        await hold
        for (const row of batch) open.push(row[this.#column])
      },
      prepare() {
        const rows = open
        open = []
        return rows as Json
      },
      commit: (epoch, rows) => {
        if (this.#committed.has(epoch)) return
        this.#committed.add(epoch)
        this.given.push(...(rows as unknown[]))
      },
    })
  }
}
