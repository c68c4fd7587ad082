#!/usr/bin/env node
// The `millrace` command: hands the process's streams, arguments and Ctrl-C to the program, and its result back as the exit code.
import { runProgram } from './program.ts'

const exitInterrupted = 130
const leaveMs = 1_000
const controller = new AbortController()
let interrupted: (() => void) | undefined
// A command may take the first Ctrl-C for itself; the next lets the run end in order; one more doesn't wait. SIGTERM is the running job's: it drains.
process.on('SIGINT', () => {
  const take = interrupted
  interrupted = undefined
  if (take) return take()
  if (controller.signal.aborted) process.exit(exitInterrupted)
  controller.abort()
})
// A reader that has seen enough (head, less) closes the pipe: no error.
process.stdout.on('error', error => {
  process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runProgram(process.argv.slice(2), {
  write: text => process.stdout.write(text),
  writeError: text => process.stderr.write(text),
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
