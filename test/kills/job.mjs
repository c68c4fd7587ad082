// The job that is killed: windows by key over a topic on disk, to files; poison to dead letters, late rows to files of their own. It makes one checkpoint after
// the other, so that most kills fall into one. It tells on standard output when it works and when it is done.
const [, , library, where, facts] = process.argv
const { col, count, max, read, sum, topic, tumble, write } = await import(library)
const { workers, batchRows, pauseMs } = JSON.parse(facts)
const tell = line => process.stdout.write(`${line}\n`)

const run = await read
  .topic(topic('events', { dir: `${where}/../topics` }), {
    format: 'json',
    schema: { k: 'int32', v: 'int64', at: 'timestamp[ms]' },
    until: 'end',
    onError: { deadLetters: write.ndjson(`${where}/dead/`) },
  })
  .watermark('at', { bound: 2_000 })
  .groupBy('k', tumble('at', 10_000))
  .agg({ n: count(), total: sum(col('v')), top: max('v') })
  .late(write.ndjson(`${where}/late/`))
  .to(write.ndjson(`${where}/out/`, { roll: { every: '300ms', size: '16KiB' } }))
  .start({
    name: 'kills',
    workers,
    batchRows,
    checkpoint: { dir: `${where}/state`, every: '100ms' },
    logger: { info: () => {}, error: (_, message) => tell(`error ${message}`) },
  })

let isOver = false
run.done.finally(() => (isOver = true)).catch(() => {})
const checkpoints = async () => {
  while (!isOver) {
    await run.checkpoint().catch(error => {
      if (error.code !== 'JOB_ENDED') throw error
    })
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}
const working = setInterval(() => {
  if (run.metrics().rowsRead === 0) return
  clearInterval(working)
  tell('working')
}, 1)
void checkpoints()
await run.done
clearInterval(working)
tell('done')
