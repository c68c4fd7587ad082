// The entry of a worker thread: joins the shared memory, then answers task messages in order, one reply each.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../base/clock.ts'
import { type DeviceShare, joinDevice } from '../device/device.ts'
import { TaskRunner } from './host.ts'
import type { TaskMessage, TaskReply } from './messages.ts'

const runner = new TaskRunner(joinDevice(workerData as DeviceShare), systemClock)
const port = parentPort!
const waiting: TaskMessage[] = []
let busy = false

// Messages behind one that waits (an `open` that loads a module) wait for it, so that replies keep their order.
port.on('message', (message: TaskMessage) => {
  if (busy) {
    waiting.push(message)
    return
  }
  const reply = runner.run(message)
  if (reply instanceof Promise) drainBehind(reply)
  else post(reply)
})

async function drainBehind(first: Promise<TaskReply>): Promise<void> {
  busy = true
  post(await first)
  for (let message = waiting.shift(); message; message = waiting.shift()) post(await runner.run(message))
  busy = false
}

function post(reply: TaskReply): void {
  port.postMessage(reply)
}
