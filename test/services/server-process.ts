// A Java server as a child process: its log in .cache/services/logs, awaited until it answers, ended by its process id, and ended with its parent.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { cacheDirectory } from './maven.ts'

/** A running server. */
export interface ServerProcess {
  readonly pid: number
  readonly logFile: string
  /** Ends it and waits until it is gone: politely first, by force after ten seconds. `now` skips the politeness. */
  stop(now?: boolean): Promise<void>
}

/** `count` different loopback ports that nobody listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(servers.map(server => new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })))
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Whether something accepts connections on a loopback port. */
export function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function stopper(child: ChildProcess, exited: Promise<void>): (now?: boolean) => Promise<void> {
  return async now => {
    if (child.exitCode === null && child.signalCode === null) child.kill(now ? 'SIGKILL' : 'SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(force)
  }
}

/** Starts `java` and waits until `ready` says yes. Rejects with the log's end when the server exits or isn't ready in time. */
export async function startJava(name: string, args: readonly string[], ready: () => Promise<boolean>, timeoutMs = 120_000): Promise<ServerProcess> {
  const logs = join(cacheDirectory, 'logs')
  mkdirSync(logs, { recursive: true })
  const logFile = join(logs, `${name}-${process.pid}-${Date.now()}.log`)
  const log = openSync(logFile, 'w')
  // The pipe to stdin closes when this process dies in any way; the Java side watches it.
  const child = spawn('java', [...args], { stdio: ['pipe', log, log] })
  closeSync(log)
  let failure: Error | undefined
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', error => {
      failure = error
      resolve()
    })
  })
  const stop = stopper(child, exited)
  const deadline = Date.now() + timeoutMs
  while (!(await ready())) {
    const gone = failure ?? (child.exitCode !== null || child.signalCode !== null)
    if (gone || Date.now() > deadline) {
      await stop(true)
      throw new Error(`${name} ${gone ? 'ended' : 'was not ready in time'}; the end of ${logFile}:\n${readFileSync(logFile, 'utf8').slice(-3_000)}`)
    }
    await Promise.race([exited, new Promise(resolve => setTimeout(resolve, 100))])
  }
  return { pid: child.pid ?? 0, logFile, stop }
}
