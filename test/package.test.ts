// The package as others get it: dependencies that the README argues for and the code uses, exports that resolve, few names.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readText = (path: string) => readFileSync(`${root}${path}`, 'utf8')
const manifest = JSON.parse(readText('package.json'))
const readme = readText('README.md')
const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
const importing = (name: string) => sources.filter(file => new RegExp(`['"]${name}(/package\\.json)?['"]`).test(readText(`src/${file}`))).map(file => `src/${file}`)

/** The rows of the table of dependencies: package names (several a row) and when they are there. */
const table = [...readme.slice(readme.indexOf('## Dependencies'), readme.indexOf('## Scripts')).matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
  .map(([, names, when, why]) => ({ names: names!.split(',').map(n => n.trim().replace('Biome', '@biomejs/biome')), when: when!.trim(), why: why!.trim() }))
  .slice(1)
const argued = (wanted: (when: string) => boolean) => table.filter(row => wanted(row.when)).flatMap(row => row.names).sort()

describe('dependencies', () => {
  it('at run time are those that the README argues for', () => {
    const isNeeded = (when: string) => !when.startsWith('optional') && when !== 'development'
    expect(argued(isNeeded)).toEqual(Object.keys(manifest.dependencies).sort())
    expect(table.every(row => row.why.length > 3)).toBe(true)
  })

  it('that are optional are peers, and marked so', () => {
    const peers = Object.keys(manifest.peerDependencies).sort()
    expect(argued(when => when.startsWith('optional'))).toEqual(peers)
    expect(Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => (meta as { optional: boolean }).optional).map(([name]) => name).sort()).toEqual(peers)
  })

  it('of development are listed too, but for the optional ones and types of Node', () => {
    const known = new Set([...argued(() => true), '@types/node'])
    expect(Object.keys(manifest.devDependencies).filter(name => !known.has(name))).toEqual([])
    expect(argued(when => when === 'development').filter(name => !(name in manifest.devDependencies))).toEqual([])
  })

  it('download nothing when they are installed, and neither does the package', () => {
    expect(Object.keys(manifest.scripts).filter(name => /^(pre|post)?install$/.test(name))).toEqual([])
  })

  it('are used for what they are there', () => {
    expect(importing('apache-arrow')).toContain('src/frame/arrow.ts')
    const loadsEagerly = (file: string) => readText(file).split('\n').some(line => /^import (?!type\b).*'apache-arrow'/.test(line))
    expect(importing('apache-arrow').filter(loadsEagerly)).toEqual([])
    expect(JSON.parse(readText('tsconfig.json')).compilerOptions.types).toContain('@webgpu/types')
    expect(readText('scripts/build.mjs')).toContain('assemblyscript')
    expect(readText('scripts/bundle.mjs')).toContain("'rolldown'")
    expect(readText('test/format/parquetjs.test.ts')).toContain("'parquetjs-lite'")
    expect(manifest.scripts.test).toContain('vitest')
    for (const name of Object.keys(manifest.dependencies)) expect(importing(name), name).not.toEqual([])
    for (const name of Object.keys(manifest.peerDependencies)) expect(importing(name), name).not.toEqual([])
  })
})

describe('what the package exports', () => {
  it('is built, with its types', () => {
    for (const entry of Object.values(manifest.exports)) for (const path of typeof entry === 'string' ? [entry] : Object.values(entry as object)) expect(existsSync(`${root}${path}`), path as string).toBe(true)
    expect(existsSync(`${root}${manifest.bin.millrace}`)).toBe(true)
    expect(readText(manifest.bin.millrace)).toMatch(/^#!\/usr\/bin\/env node\n/)
  })

  it('resolves by the package’s own name', () => {
    expect(import.meta.resolve('millrace/package.json')).toContain('package.json')
  })

  it('is at most 60 names at the root', async () => {
    const types = [...readText('src/index.ts').matchAll(/^export type \{([^}]+)\}/gm)].flatMap(match => match[1]!.split(',').map(name => name.trim()))
    const values = Object.keys(await import('../src/index.ts'))
    expect(values.length).toBeGreaterThan(20)
    expect(types.length).toBeGreaterThan(3)
    expect(values.length + types.length).toBeLessThanOrEqual(60)
  })
})

describe('kernels', () => {
  it('are not built where two have one name', async () => {
    const { kernelNames } = (await import(join(root, 'scripts/kernel-names.mjs'))) as { kernelNames(folder: string): string[] }
    expect(kernelNames(`${root}kernels`).length).toBeGreaterThan(300)
    const folder = mkdtempSync(join(tmpdir(), 'kernels-'))
    writeFileSync(join(folder, 'index.ts'), "export * from './one'\nexport * from './two'\n")
    writeFileSync(join(folder, 'one.ts'), 'export function sumF64(): void {}\nexport function sumI32(): void {}\n')
    writeFileSync(join(folder, 'two.ts'), 'export function sumI64(): void {}\n')
    expect(kernelNames(folder)).toEqual(['sumF64', 'sumI32', 'sumI64'])
    writeFileSync(join(folder, 'two.ts'), '/** Another. */\nexport function sumI32(): void {}\n')
    expect(() => kernelNames(folder)).toThrow('kernels: "sumI32" is in one.ts and in two.ts')
    rmSync(folder, { recursive: true })
  })
})
