// What a program loads when it imports the package: few files, no family before it is used, one copy of every class. Counts, not times. Needs dist/.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readText = (path: string) => readFileSync(`${root}${path}`, 'utf8')

/** The files of dist/ that a file imports before it runs, itself among them. */
function loadedFiles(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found
  found.add(entry)
  for (const [, path] of readText(entry).matchAll(/^(?:import|export) [^'"]*['"](\.[^'"]+)['"];?$/gm)) loadedFiles(posix.join(posix.dirname(entry), path!), found)
  return found
}

/** The files of src/ whose code is loaded with an entry. */
const loadedSources = (entry: string) => [...loadedFiles(entry)].flatMap(file => [...readText(file).matchAll(/^\/\/ (src\/\S+\.ts)$/gm)].map(match => match[1]!))

/** What a program prints, run in a process of its own. */
function printed(program: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('what is loaded', () => {
  it.each(['dist/index.js', 'dist/ml/index.js', 'dist/bundle/schedule-worker.js', 'dist/cli/main.js'])('by %s is a handful of files', entry => {
    expect(loadedFiles(entry).size).toBeLessThanOrEqual(6)
  })

  it('by the command is little more than the command line', () => {
    const sources = loadedSources('dist/cli/main.js')
    expect(sources).toContain('src/cli/program.ts')
    expect(sources.filter(path => !/^src\/(cli|base)\//.test(path))).toEqual([])
  })

  it('by an import and a first job is nothing of what other jobs need: services, checkpoints, arrow tables, the GPU', () => {
    const families = /^src\/(connect\/.*-(client|connection|producer)|format\/kafka\/|sink\/(elastic-|kafka-)|source\/kafka-(reader|columns)|storage\/(checkpoint|audit|encryption))/
    expect(loadedSources('dist/index.js').filter(path => families.test(path))).toEqual([])
    const { modules, packages } = printed(`
      import { createRequire } from 'node:module'
      import { col, from, sum } from 'millrace'
      await from([{ k: 'a', v: 1 }, { k: 'b', v: 2 }]).filter(col('v').gt(1)).groupBy('k').agg({ total: sum('v') }).collect()
      const modules = process.moduleLoadList.map(name => name.replace('NativeModule ', ''))
      const packages = Object.keys(createRequire(import.meta.url).cache)
      console.log(JSON.stringify({ modules, packages }))
    `) as { modules: string[]; packages: string[] }
    expect(modules).toContain('fs')
    expect(modules.filter(name => /^(http|https|net|tls|crypto|child_process)$/.test(name))).toEqual([])
    expect(packages).toEqual([])
  })

  it('is every module once, so that classes are the same whichever way one comes', () => {
    const all = readdirSync(`${root}dist/bundle`).flatMap(file => [...readText(`dist/bundle/${file}`).matchAll(/^\/\/ (src\/\S+\.ts)$/gm)].map(match => match[1]!))
    expect(all.length).toBeGreaterThan(400)
    expect(all.filter((path, i) => all.indexOf(path) !== i)).toEqual([])
    expect(printed(`
      import { MillraceError, PlanError, from, Table } from 'millrace'
      import { StandardScaler } from 'millrace/ml'
      import * as direct from './dist/index.js'
      const rows = from([{ x: 1 }, { x: 3 }])
      const error = await new StandardScaler({ columns: ['y'] }).fit(rows).catch(error => error)
      const table = await rows.collect()
      console.log(JSON.stringify([error instanceof PlanError, error instanceof MillraceError, error.name, table instanceof Table, direct.Table === Table]))
    `)).toEqual([true, true, 'PlanError', true, true])
  })

  it('keeps the names of classes', () => {
    const files = readdirSync(`${root}dist/bundle`).map(file => readText(`dist/bundle/${file}`))
    expect(files.join('\n')).toMatch(/\bPlanError = class\b/)
    expect(files.flatMap(text => [...text.matchAll(/\b\w+\$\d+ = class\b|\bclass \w+\$\d+/g)].map(match => match[0]))).toEqual([])
  })

  it('finds its files from where it lies: modules that ask where they are lie one room deep', () => {
    const asking = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts') && /import\.meta\.url(?!,)/.test(readText(`src/${name}`)))
    expect(asking).toContain('device/assets.ts')
    expect(asking.filter(name => name.split(/[/\\]/).length !== 2)).toEqual([])
  })
})
