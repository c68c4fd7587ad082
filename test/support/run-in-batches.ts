// Runs rows through a chain in batches of one size, restarted at some of them, to their end.
import type { EventRun } from './event-run.ts'

/** Pushes `rows` by `batchRows`; before the batches that `restarts` names it goes on with so many instances. Closes the run, which is given back. */
export function runInBatches(run: EventRun, rows: readonly Record<string, unknown>[], batchRows: number, restarts: ReadonlyMap<number, number>): EventRun {
  for (let start = 0; start < rows.length; start += batchRows) {
    const to = restarts.get(Math.floor(start / batchRows))
    if (to !== undefined) run.restart(to)
    run.push(rows.slice(start, start + batchRows))
  }
  run.finish()
  run.close()
  return run
}
