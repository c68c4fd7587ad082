// A running job made known to other shells of its user: written into the registry, with a socket that answers `millrace jobs`, `savepoint`, `stop` and `cancel`.
// Loaded with the first job that asks for it.
import { resolve } from 'node:path'
import { CancelledError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type ControlledJob, type ControlServer, listenForControl } from '../connect/control-server.ts'
import type { StartedJob } from '../engine.ts'
import type { JobMetrics } from '../schedule/metrics.ts'
import type { Savepoint } from '../schedule/savepoint.ts'
import { localDirectory } from '../storage/directory.ts'
import { registerJob, registryFolders, secureSocket } from '../storage/job-registry.ts'

/** How a job is known. */
export interface ControlFacts {
  readonly name: string
  /** The name of its checkpoints. */
  readonly job: string
  /** The directory of its checkpoints. */
  readonly state?: string
}

/** How a job that was told to end has ended. `epoch`: its last one, if any. */
export interface JobOutcome {
  readonly ended: 'stopped' | 'cancelled'
  readonly epoch?: number
  readonly savepoint?: Savepoint
}

/** What `status` answers. */
export interface JobStatus {
  readonly metrics: JobMetrics
}

/** Makes the job known. Rejects with ConnectorError CONTROL_FOLDER or CONTROL_LISTEN, and nothing is left behind. `close` takes it out again. */
export async function openControl(started: StartedJob, facts: ControlFacts, folders: readonly string[] = registryFolders()): Promise<ControlServer> {
  const { state, ...names } = facts
  const registration = await registerJob({ ...names, startedAt: Date.now(), ...(state !== undefined && { state: resolve(state) }) }, folders)
  let server: ControlServer | undefined
  try {
    server = await listenForControl(registration.socket, controlledJob(started))
    await secureSocket(registration.socket)
    await registration.publish()
  } catch (error) {
    await server?.close()
    await registration.remove()
    throw error
  }
  const listening = server
  return {
    async close() {
      await registration.remove()
      await listening.close()
    },
  }
}

function controlledJob(started: StartedJob): ControlledJob {
  const { run } = started
  return {
    progress: () => picture(run.metrics()),
    async answer(request) {
      switch (request.ask) {
        case 'status':
          return { metrics: run.metrics() } as unknown as Json
        case 'savepoint':
          return (await run.savepoint(localDirectory(request.dir))) as unknown as Json
        case 'stop':
          return (await end(started, true, request.savepoint)) as unknown as Json
        case 'cancel':
          return (await end(started, false)) as unknown as Json
      }
    },
  }
}

function picture({ rowsRead, rowsWritten, elapsedMs }: JobMetrics): Json {
  return { rowsRead, rowsWritten, elapsedMs }
}

// Answers when the files and locks are released too, so that the next start finds them free.
async function end(started: StartedJob, drain: boolean, dir?: string): Promise<JobOutcome> {
  const { run, done } = started
  const savepoint = await run.stop({ drain, ...(dir !== undefined && { savepoint: localDirectory(dir) }) })
  const ended = await done.then(
    () => 'stopped' as const,
    error => {
      if (error instanceof CancelledError) return 'cancelled' as const
      throw error
    },
  )
  const { lastEpoch } = run.metrics().checkpoints
  return { ended, ...(lastEpoch !== undefined && { epoch: lastEpoch }), ...(savepoint && { savepoint }) }
}
