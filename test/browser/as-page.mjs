// Node made as poor as a page before a module of one is loaded: no process and no setImmediate, which Node's fetch can do without; files of the package by fetch; an address of its own, the first argument.
import { readFile } from 'node:fs/promises'

const [module, base] = process.argv.slice(2)
const print = process.stdout.write.bind(process.stdout)
const network = globalThis.fetch
globalThis.fetch = async (input, options) => {
  const url = new URL(input?.url ?? input, base)
  return url.protocol === 'file:' ? new Response(await readFile(url)) : network(url, options)
}
// Node's own fetch looks for these when it is first used.
await (await network(base)).arrayBuffer()
globalThis.document = { baseURI: base }
globalThis.reportHere = report => print(JSON.stringify(report))
for (const name of ['process', 'setImmediate', 'global']) delete globalThis[name]
await import(module)
