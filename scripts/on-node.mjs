// The two commands of the README with another Node: `node scripts/on-node.mjs 24`, or only the tests that vitest arguments name. The binary comes from npm's own `node` packages
// (node-<platform>-<arch>, no install scripts) and is kept in .cache/.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [major, ...rest] = process.argv.slice(2)
if (!/^\d+$/.test(major ?? '')) {
  console.error('on-node: give a major version, as in: node scripts/on-node.mjs 24')
  process.exit(2)
}

const names = { win32: 'win' }
const name = `node-${names[process.platform] ?? process.platform}-${process.arch}`
const folder = `${root}.cache/node-${major}`
const bin = `${folder}/node_modules/${name}/bin`
const binary = `${bin}/node${process.platform === 'win32' ? '.exe' : ''}`

if (!existsSync(binary)) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  run('npm', ['install', '--no-save', '--no-package-lock', '--ignore-scripts', `${name}@${major}`], { cwd: folder })
}

const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
run(binary, ['--version'], { env })
if (rest.length === 0) {
  run('npm', ['ci', '--no-progress'], { env })
  run('npm', ['start'], { env })
  run('npm', ['test'], { env })
} else {
  run(binary, ['scripts/build.mjs'], { env })
  run(binary, ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', ...rest], { env })
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', ...options })
  if (error) console.error(`on-node: ${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
