// What the types of a long chain cost the compiler: a program with a schema of 100 columns is checked with and without a chain of 40 calls over it,
// by TypeScript 7 and, after `npm --prefix bench ci`, by TypeScript 5.9. Needs dist/.
//   node bench/types.mjs [--columns 100] [--calls 40] [--runs 5]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, printTable } from './measure.mjs'
import { typesConfig, typesPrograms } from './types-programs.mjs'

const { values } = parseArgs({ options: { columns: { type: 'string', default: '100' }, calls: { type: 'string', default: '40' }, runs: { type: 'string', default: '5' } } })
const [columns, calls, runs] = [values.columns, values.calls, values.runs].map(Number)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}.cache/types-${process.pid}`
const compilers = { 'TypeScript 7': `${root}node_modules/typescript`, 'TypeScript 5.9': `${root}bench/node_modules/typescript-5.9` }

try {
  for (const [name, text] of Object.entries(typesPrograms({ columns, calls }))) {
    mkdirSync(`${folder}/${name}`, { recursive: true })
    writeFileSync(`${folder}/${name}/program.ts`, text)
    writeFileSync(`${folder}/${name}/tsconfig.json`, JSON.stringify(typesConfig(root, 'program.ts')))
  }
  const rows = Object.entries(compilers).map(([compiler, at]) => ({ compiler, ...measured(at) }))
  printTable({ title: `A chain of ${calls} calls over ${columns} columns: seconds, median (least) of ${runs}`, rows })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function measured(compiler) {
  if (!existsSync(compiler)) return { 'check, without': 'not installed' }
  const found = { with: [], without: [] }
  for (let run = 0; run < runs; run++) for (const name of Object.keys(found)) found[name].push(checked(compiler, name))
  const least = (name, what) => Math.min(...found[name].map(one => one[what]))
  const middle = (name, what) => median(found[name].map(one => one[what]))
  const both = figure => `${figure(middle).toFixed(2)} (${figure(least).toFixed(2)})`
  return {
    'check, without': both(of => of('without', 'checkS')),
    'check, with': both(of => of('with', 'checkS')),
    'the chain, check': both(of => of('with', 'checkS') - of('without', 'checkS')),
    'the chain, CPU': both(of => of('with', 'cpuS') - of('without', 'cpuS')),
    instantiations: middle('with', 'instantiations') - middle('without', 'instantiations'),
  }
}

function checked(compiler, name) {
  // The shell tells what its children took of the processor, on a busy machine the better figure.
  const command = [process.execPath, `${compiler}/bin/tsc`, '-p', `${folder}/${name}`, '--extendedDiagnostics']
  const { stdout, status } = spawnSync('sh', ['-c', '"$@" || exit 1; times', 'sh', ...command], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`types: the program ${name} the chain does not compile:\n${stdout.slice(0, 2000)}`)
  const figure = what => Number(stdout.match(new RegExp(`^${what}:\\s+([\\d.]+)`, 'm'))?.[1])
  const [, user, system] = stdout.match(/(\d+m[\d.]+)s (\d+m[\d.]+)s\s*$/).map(text => text.split('m').reduce((minutes, seconds) => Number(minutes) * 60 + Number(seconds)))
  return { checkS: figure('Check time'), cpuS: user + system, instantiations: figure('Instantiations') }
}
