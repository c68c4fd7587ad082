// One engine in a process of its own: the harness sends a command a line (run CASE, check CASE, end) and gets an answer a line.
import { createInterface } from 'node:readline'

const rss = () => process.resourceUsage().maxRSS * 1024
const say = message => process.stdout.write(`${JSON.stringify({ ...message, rssBytes: rss() })}\n`)
let engine
let suite

async function answer(command) {
  if (command.engine) {
    suite = await import(`./suites/${command.suite}.mjs`)
    const start = performance.now()
    engine = await (await import(`./engines/${command.engine}.mjs`)).open({ ...command, suite })
    return { loaded: (performance.now() - start) / 1e3, version: engine.version, workers: engine.workers }
  }
  if (!command.run && !command.check) return {}
  const testCase = suite.cases[command.run ?? command.check]
  if (command.check) return { check: await engine.check(testCase) }
  const before = process.cpuUsage()
  const start = performance.now()
  await engine.run(testCase, command.out)
  const seconds = (performance.now() - start) / 1e3
  const used = process.cpuUsage(before)
  return { seconds, cpuSeconds: (used.user + used.system) / 1e6 }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  if (command.end) break
  try {
    say(await answer(command))
  } catch (error) {
    say({ error: String(error?.message ?? error).slice(0, 300) })
  }
}
await engine?.close()
process.exit(0)
