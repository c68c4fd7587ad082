// A thread that ends the process where one round of a long loop takes too long: code that hangs can't be interrupted in its own thread.
import { Worker } from 'node:worker_threads'

const source = `
const { workerData, parentPort } = require('node:worker_threads')
const round = new Int32Array(workerData.shared)
const cpuMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
let last = -1
// The process's own time, since others may take the machine, or halt it; and, where it only waits, thirty times as long.
let since = 0
let ticks = 0
setInterval(() => {
  const now = Atomics.load(round, 0)
  if (now !== last) { last = now; since = cpuMs(); ticks = 0 }
  else if (now >= 0 && (cpuMs() - since > workerData.ms || ++ticks > 300)) {
    require('node:fs').writeSync(2, workerData.what + ': round ' + now + ' has taken more than ' + workerData.ms + ' ms\\n')
    process.kill(process.pid, 'SIGKILL')
  }
}, workerData.ms / 10)
`

/** Call `at(round)` with each round's number. `what` names the loop in the message. */
export function hangWatch(what: string, ms: number): { at(round: number): void; end(): Promise<unknown> } {
  const round = new Int32Array(new SharedArrayBuffer(4)).fill(-1)
  const worker = new Worker(source, { eval: true, workerData: { shared: round.buffer, ms, what } })
  worker.unref()
  return { at: number => void Atomics.store(round, 0, number), end: () => worker.terminate() }
}
