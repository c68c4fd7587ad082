#!/usr/bin/env node
// The `millrace` command: hands the process's streams, arguments and Ctrl-C to the program, and its result back as the exit code.
import { runProgram } from './program.ts'

const exitInterrupted = 130
const exitTerminated = 143
const leaveMs = 1_000
const args = process.argv.slice(2)
const controller = new AbortController()
let exitAborted = exitInterrupted
let interrupted: (() => void) | undefined
// The first signal lets the command end in order; a second one doesn't wait.
function endBy(exitCode: number): void {
  if (controller.signal.aborted) process.exit(exitAborted)
  exitAborted = exitCode
  controller.abort()
}
// A command may take the first Ctrl-C for itself.
process.on('SIGINT', () => {
  const take = interrupted
  interrupted = undefined
  if (take) take()
  else endBy(exitInterrupted)
})
// A job that runs takes SIGTERM itself: it drains.
if (args.find(arg => !arg.startsWith('-')) !== 'run') process.on('SIGTERM', () => endBy(exitTerminated))
// A reader that has seen enough (head, less) closes the pipe: no error. Whoever writes bytes is told, and ends in order.
let writesBytes = false
let isClosed = false
process.stdout.on('error', error => {
  isClosed = true
  if (!writesBytes) process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1)
})

function writeBytes(bytes: Uint8Array): Promise<void> {
  writesBytes = true
  return new Promise((resolve, reject) => process.stdout.write(bytes, error => (error ? reject(error) : resolve())))
}

const exitCode = await runProgram(args, {
  write: text => process.stdout.write(text),
  writeError: text => process.stderr.write(text),
  writeBytes,
  input: () => process.stdin,
  isTerminal: process.stdout.isTTY === true,
  isErrorTerminal: process.stderr.isTTY === true,
  width: () => process.stdout.columns ?? Number.POSITIVE_INFINITY,
  errorWidth: () => process.stderr.columns ?? 100,
  errorHeight: () => process.stderr.rows ?? 24,
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  signal: controller.signal,
  leaveSoon: () => {
    const look = () => {
      if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit()
    }
    setInterval(look, leaveMs).unref()
  },
  onInterrupt: handler => {
    interrupted = handler
    return () => {
      if (interrupted === handler) interrupted = undefined
    }
  },
})
// A reader that takes nothing more, or has gone, would keep the process. Else what was written is on its way.
if (exitCode === exitInterrupted || isClosed) process.exit(exitCode === exitInterrupted ? exitAborted : exitCode)
process.exitCode = exitCode
