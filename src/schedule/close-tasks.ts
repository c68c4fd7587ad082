// The end of a job's tasks: each is told to close, and what it still answers to earlier messages is taken as ever.
import type { JobEnvironment } from './job-environment.ts'
import type { TaskReply } from './messages.ts'
import type { StageRun } from './stage-run.ts'

const closeSeq = -1

/**
 * Closes all tasks of the stages; resolves when all have answered, but for those whose thread is dead. `closed` gets each task's last reply; `onDeath` is given
 * what is to be called when a thread has died meanwhile.
 */
export async function closeTasks(
  stages: readonly StageRun[],
  { listen, unlisten }: Pick<JobEnvironment, 'listen' | 'unlisten'>,
  closed: (reply: TaskReply) => void,
  onDeath: (look: () => void) => void,
): Promise<void> {
  const looks: (() => void)[] = []
  onDeath(() => {
    for (const look of looks) look()
  })
  const closing = stages.flatMap(stage =>
    stage.instances.map(
      ({ host, task }, instance) =>
        new Promise<void>(resolve => {
          listen(task, reply => {
            if (reply.seq !== closeSeq) return stage.replied(instance, reply)
            unlisten(task)
            closed(reply)
            resolve()
          })
          host.send({ type: 'close', task, seq: closeSeq })
          const look = () => host.dead && resolve()
          looks.push(look)
          look()
        }),
    ),
  )
  await Promise.all(closing)
}
