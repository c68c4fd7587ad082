// The job's own process, so that it can be killed: runs the pipeline with checkpoints and tells its parent how far it is.
import { pipeline, type Places } from './pipeline.ts'

const { places, workers, batchRows = 8_192 } = JSON.parse(process.argv[2]!) as { places: Places; workers: number; batchRows?: number }
const run = await pipeline(places).start({
  name: 'auction-house',
  workers,
  batchRows,
  checkpoint: { dir: `${places.dir}/state`, every: '500ms' },
  audit: `${places.dir}/audit`,
})
const tell = (done: boolean) => {
  const { rowsRead, progress, elapsedMs, checkpoints, counts, rowsWritten } = run.metrics()
  if (process.connected) process.send?.({ rowsRead, progress, elapsedMs, checkpoints: checkpoints.completed, ...(done && { done: { counts, rowsWritten } }) })
}
// An orphan has nobody to work for.
process.once('disconnect', () => process.exit(1))
const timer = setInterval(() => tell(false), 100)
process.once('SIGTERM', () => void run.stop({ drain: true }))
try {
  await run.done
} finally {
  clearInterval(timer)
}
tell(true)
process.removeAllListeners('disconnect')
process.disconnect?.()
process.exit(0)
