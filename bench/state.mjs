// A join whose state outgrows memory: Nexmark's bids and the auctions of one category, every bid stored for ever. First with memory for all of it, then with
// 256 MiB, and results must be as many; then with checkpoints, and how long a restart takes to its first row.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { col, generate, sink } from '../dist/index.js'
import { machine } from './measure.mjs'

function joined(events) {
  const { bids, auctions } = generate.nexmark({ events, seed: 1 })
  return bids.join(auctions.filter(col('category').eq(10)), { left: 'auction', right: 'id', suffix: '_auction' })
}

/** Counts rows, and when the first came. */
function counter() {
  const seen = { rows: 0, firstMs: undefined, began: performance.now() }
  const counting = sink({ name: 'counting', delivery: 'idempotent', write: batch => {
    seen.firstMs ??= performance.now() - seen.began
    seen.rows += batch.numRows
  } })
  return { seen, counting }
}

async function measured(events, memory) {
  const { seen, counting } = counter()
  const [cpu, at] = [process.cpuUsage(), performance.now()]
  const run = await joined(events).to(counting).start({ workers: 0, mode: 'stream', memory })
  await run.done
  const { user, system } = process.cpuUsage(cpu)
  const { memory: used, steps } = run.metrics()
  return { results: seen.rows, seconds: (performance.now() - at) / 1_000, events_per_s_core: Math.round((events / (user + system)) * 1e6), peak_MiB: Math.round(used.peakBytes / 2 ** 20), spilled_MiB: Math.round(steps.join.spilledBytes / 2 ** 20) }
}

// Stopped behind `rows` events, and begun again.
async function restarted(events, workers) {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-state-'))
  try {
    const options = { workers, mode: 'stream', memory: '1GiB', checkpoint: { dir, every: '10s' } }
    const first = await joined(2 * events).to(counter().counting).start(options)
    while (first.metrics().state === 'running' && first.metrics().rowsRead < 0.9 * events) await new Promise(resolve => setTimeout(resolve, 20))
    await first.stop({ drain: true })
    const { checkpoints } = first.metrics()
    const { seen, counting } = counter()
    const second = await joined(2 * events).to(counting).start(options)
    // Few events are all read before the first is stopped.
    while (seen.firstMs === undefined && second.metrics().state === 'running') await new Promise(resolve => setTimeout(resolve, 1))
    await second.stop({ drain: false })
    return { checkpoints_MiB: Math.round(checkpoints.bytes / 2 ** 20), ...(seen.firstMs !== undefined && { seconds: seen.firstMs / 1_000 }) }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Runs all three. */
export async function run({ rows = 2e7, workers }) {
  const whole = await measured(rows, '12GiB')
  const capped = await measured(rows, { total: '1GiB', state: '256MiB' })
  const restart = await restarted(rows, workers)
  return {
    title: `A join of streams that stores ${rows} Nexmark events`,
    machine: machine(),
    rows: [
      { case: 'in memory', ...whole },
      { case: '256 MiB of state', ...capped, ratio: capped.events_per_s_core / whole.events_per_s_core, equal: capped.results === whole.results },
      { case: 'first row after a restart', ...restart },
    ],
  }
}
