// Builds the package: kernels to two WASM binaries, TypeScript to dist/, and from src/ a few large files, since Node takes half a millisecond a module.
// A step whose inputs are older than its output is skipped.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const newest = (folder, ending) =>
  Math.max(...readdirSync(folder, { recursive: true }).filter(f => f.endsWith(ending)).map(f => statSync(`${folder}/${f}`).mtimeMs))
const age = file => (existsSync(file) ? statSync(file).mtimeMs : 0)

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

mkdirSync('dist/kernels', { recursive: true })
const kernelsChanged = Math.max(newest('kernels', '.ts'), age('asconfig.json'))
for (const target of ['simd', 'relaxed']) {
  if (age(`dist/kernels/${target}.wasm`) > kernelsChanged) continue
  run('node_modules/assemblyscript/bin/asc.js', '--config', 'asconfig.json', '--target', target)
  rmSync(`dist/kernels/${target}.js`, { force: true })
}
const names = [...readFileSync('kernels/index.ts', 'utf8').matchAll(/from '\.\/([\w-]+)'/g)]
  .map(m => `${m[1]}.ts`)
  .flatMap(f => [...readFileSync(`kernels/${f}`, 'utf8').matchAll(/^export function (\w+)/gm)].map(m => m[1]))
writeFileSync('dist/kernels/exports.json', JSON.stringify(names.sort()))
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
run('node_modules/typescript/bin/tsc', '-p', 'examples/tsconfig.json')
await bundle()
