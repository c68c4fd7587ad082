// Runs a command line in this process and hands back what it wrote.
import type { CliContext } from '../../src/cli/context.ts'
import { runProgram } from '../../src/cli/program.ts'

export async function runCli(args: readonly string[], context: Partial<CliContext> = {}): Promise<{ code: number; out: string; error: string }> {
  let out = ''
  let error = ''
  const code = await runProgram(args, {
    write: text => (out += text),
    writeError: text => (error += text),
    writeBytes: async bytes => {
      out += Buffer.from(bytes).toString('latin1')
    },
    input: async function* () {},
    isTerminal: false,
    isErrorTerminal: false,
    width: () => 100,
    errorWidth: () => 100,
    color: false,
    signal: new AbortController().signal,
    ...context,
  })
  return { code, out, error }
}
