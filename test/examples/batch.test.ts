// The batch examples print what they are known to print. UPDATE=1 writes that down again; look at the difference.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const names = readdirSync(`${root}examples/batch`).map(name => name.replace(/\.ts$/, ''))
const readme = readFileSync(`${root}README.md`, 'utf8')

describe('the batch examples', () => {
  it('are ten, each listed in the README', () => {
    expect(names.length).toBe(10)
    for (const name of names) expect(readme).toContain(`(examples/batch/${name}.ts)`)
  })

  it.each(names)('%s prints what it shows', name => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}dist/examples/batch/${name}.js`], { encoding: 'utf8', timeout: 60_000, env: { ...process.env, NO_COLOR: '1' } })
    expect(status, stderr).toBe(0)
    // Folders for temporary files have a name of chance.
    const shown = stdout.replace(/"file":"[^"]*\//g, '"file":"')
    const golden = `${root}test/golden/examples/${name}.txt`
    if (process.env['UPDATE'] || !existsSync(golden)) {
      expect(process.env['CI'], `${golden} is missing`).toBeUndefined()
      mkdirSync(`${root}test/golden/examples`, { recursive: true })
      writeFileSync(golden, shown)
    }
    expect(shown).toBe(readFileSync(golden, 'utf8'))
  })
})
