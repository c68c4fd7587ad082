// What a long chain costs the compiler, counted in types that it makes: the same on every machine. Needs dist/.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

interface Programs {
  typesConfig(root: string, file: string): object
  typesPrograms(size: { columns: number; calls: number }): { with: string; without: string }
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const { typesConfig, typesPrograms } = (await import(join(root, 'bench/types-programs.mjs'))) as Programs
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'types-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Types that the compiler made by putting others in the place of parameters. */
function instantiations(program: string): number {
  writeFileSync(join(folder, 'program.ts'), program)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(typesConfig(root, 'program.ts')))
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--extendedDiagnostics'], { encoding: 'utf8' })
  expect(stdout).not.toMatch(/error/)
  expect(status).toBe(0)
  return Number(/^Instantiations:\s+(\d+)/m.exec(stdout)![1])
}

describe('40 calls over 100 columns', () => {
  it('cost the compiler what a second is enough for', () => {
    const programs = typesPrograms({ columns: 100, calls: 40 })
    expect(programs.with.match(/^ {2}\./gm)).toHaveLength(40)
    expect(instantiations(programs.with) - instantiations(programs.without)).toBeLessThan(150_000)
  })
})
