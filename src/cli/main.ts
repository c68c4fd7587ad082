#!/usr/bin/env node
// The `millrace` command: hands the process's streams, arguments and signals to the program, and its result back as the exit code.
import { runProgram } from './program.ts'

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The first signal lets the run end in order; a second one doesn't wait.
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    controller.abort(name)
  })
}
// A reader that has seen enough (head, less) closes the pipe: no error.
process.stdout.on('error', error => {
  process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runProgram(process.argv.slice(2), {
  write: text => process.stdout.write(text),
  writeError: text => process.stderr.write(text),
  isTerminal: process.stdout.isTTY === true,
  isErrorTerminal: process.stderr.isTTY === true,
  width: () => process.stdout.columns ?? process.stderr.columns ?? 100,
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  signal: controller.signal,
})
// Threads of an idle engine must not keep a finished command alive; pending output is written first.
await new Promise<void>(resolve => process.stdout.write('', () => resolve()))
process.exit()
