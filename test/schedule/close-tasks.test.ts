import { describe, expect, it } from 'vitest'
import { closeTasks } from '../../src/schedule/close-tasks.ts'
import type { TaskHost } from '../../src/schedule/host.ts'
import type { TaskMessage, TaskReply } from '../../src/schedule/messages.ts'
import type { StageRun } from '../../src/schedule/stage-run.ts'

/** Two tasks on threads of their own, which answer when the test says so. */
function closing() {
  const happened: string[] = []
  const threads = [1, 2].map(() => ({ dead: false, sent: [] as TaskMessage[] }))
  const hosts = threads.map(thread => ({ send: (message: TaskMessage) => void thread.sent.push(message), get dead() { return thread.dead } }) as unknown as TaskHost) // biome-ignore format: one line
  const stage = { instances: hosts.map((host, i) => ({ host, task: i + 1, inFlight: 0 })), replied: (index: number, reply: TaskReply) => void happened.push(`reply ${reply.seq} of instance ${index}`) } as unknown as StageRun
  const listeners = new Map<number, (reply: TaskReply) => void>()
  let look = () => {}
  const environment = { listen: (task: number, listener: (reply: TaskReply) => void) => void listeners.set(task, listener), unlisten: (task: number) => void listeners.delete(task) }
  const done = closeTasks([stage], environment, reply => void happened.push(`closed ${reply.task}`), made => (look = made)).then(() => happened.push('done'))
  const reply = (task: number, seq: number) => listeners.get(task)!({ task, seq, outputs: [] })
  return { happened, threads, reply, look: () => look(), done, settled: () => new Promise(resolve => setImmediate(resolve)) }
}

describe('the end of tasks', () => {
  it('waits for each one, and takes what they answer to earlier messages', async () => {
    const { happened, threads, reply, done } = closing()
    expect(threads.map(({ sent }) => sent.map(({ type }) => type))).toEqual([['close'], ['close']])
    reply(1, 7)
    reply(1, -1)
    reply(2, -1)
    await done
    expect(happened).toEqual(['reply 7 of instance 0', 'closed 1', 'closed 2', 'done'])
  })

  it('does not wait for a thread that dies meanwhile', async () => {
    const { happened, threads, reply, look, settled } = closing()
    reply(1, -1)
    await settled()
    expect(happened).toEqual(['closed 1'])
    threads[1]!.dead = true
    look()
    await settled()
    expect(happened).toEqual(['closed 1', 'done'])
  })
})
