// Builds the package: kernels to two WASM binaries, TypeScript to dist/, and from src/ a few large files, since Node takes half a millisecond a module.
// A step whose inputs are older than its output is skipped.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'
import { bundlePage } from './page-bundle.mjs'
import { kernelNames } from './kernel-names.mjs'

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
const names = kernelNames('kernels')
const kernelsChanged = Math.max(newest('kernels', '.ts'), age('asconfig.json'))
for (const target of ['simd', 'relaxed']) {
  if (age(`dist/kernels/${target}.wasm`) > kernelsChanged) continue
  run('node_modules/assemblyscript/bin/asc.js', '--config', 'asconfig.json', '--target', target)
  rmSync(`dist/kernels/${target}.js`, { force: true })
}
writeFileSync('dist/kernels/exports.json', JSON.stringify(names))
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
run('node_modules/typescript/bin/tsc', '-p', 'examples/tsconfig.json')
run('node_modules/typescript/bin/tsc', '-p', 'bench/nexmark/tsconfig.json')
await bundle()
await bundlePage()
