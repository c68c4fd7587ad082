// A job in a process of its own, to be killed: reads a topic to its end, keeps some rows, writes them to another topic exactly once.
const [, , dist, brokers, source, sink, dir, millisPerBatch] = process.argv
const { read, write, col } = await import(`${dist}index.js`)

const pause = Number(millisPerBatch)
const run = await read
  .kafka({ brokers: [brokers], topic: source, group: 'killed-job', value: { format: 'json', schema: { n: 'int32', text: 'utf8' } }, until: 'end', onError: { deadLetters: write.kafka({ topic: `${sink}-dead` }) } })
  .filter(col('n').ge(0))
  .mapBatches(batch => {
    // Slow on purpose, so that there is a middle to be killed in.
    const end = performance.now() + pause
    while (performance.now() < end);
    return batch
  })
  .to(write.kafka({ brokers: [brokers], topic: sink, key: 'n', delivery: 'exactly-once' }))
  .start({ name: 'killed', batchRows: 100, checkpoint: { dir, every: 100 } })
console.log('started')
let committed = 0
const watch = setInterval(() => {
  for (; committed < run.metrics().checkpoints.completed; committed++) console.log('committed')
}, 5)
await run.done
clearInterval(watch)
console.log('finished')
