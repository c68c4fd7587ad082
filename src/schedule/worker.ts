// The entry of a worker thread: joins the shared memory, then answers task messages in order.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../base/clock.ts'
import { type DeviceShare, joinDevice } from '../device/device.ts'
import { TaskRunner } from './host.ts'
import type { TaskMessage } from './messages.ts'

const limitWaitMs = 500
const device = joinDevice(workerData as DeviceShare)
device.pages.waitAtLimit(limitWaitMs)
const runner = new TaskRunner(device, systemClock)
const port = parentPort!
const waiting: TaskMessage[] = []
let busy = false

// Messages behind an `open`, which loads modules, wait for it; behind any other that waits only those of its task do.
port.on('message', (messages: readonly TaskMessage[]) => {
  waiting.push(...messages)
  if (!busy) void drain()
})

async function drain(): Promise<void> {
  busy = true
  for (let message = runner.next() ?? waiting.shift(); message; message = runner.next() ?? waiting.shift()) {
    const reply = runner.run(message)
    if (reply instanceof Promise && message.type !== 'open') {
      void reply.then(later => {
        port.postMessage(later)
        if (!busy) void drain()
      })
    } else if (reply) port.postMessage(reply instanceof Promise ? await reply : reply)
  }
  busy = false
}
