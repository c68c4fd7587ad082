import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

function program(body: string, flags: readonly string[] = []): { status: number | null; output: string } {
  const text = `import { closeEngines, from } from '${root}dist/index.js'\nconst rows = from([{ a: 1 }, { a: 2 }])\n${body}`
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', text], { encoding: 'utf8', timeout: 30_000 })
  return { status, output: stdout + stderr }
}

describe('threads of workers', () => {
  it('let the process end when nothing is left to do', () => {
    expect(program('console.log((await rows.collect({ workers: 2 })).numRows)')).toEqual({ status: 0, output: '2\n' })
  })

  it('hold the process while a job is under way', () => {
    expect(program("rows.collect({ workers: 2 }).then(table => console.log('rows', table.numRows))")).toEqual({ status: 0, output: 'rows 2\n' })
  })

  it('are there where Node was given options that threads refuse', () => {
    const flags = ['--max-old-space-size=512', '--expose-gc', '--conditions', 'development']
    expect(program('console.log((await rows.collect({ workers: 2 })).numRows)', flags)).toEqual({ status: 0, output: '2\n' })
  })

  it('may be ended and begun again', () => {
    expect(program('await rows.collect({ workers: 1 })\nawait closeEngines()\nconsole.log((await rows.collect({ workers: 1 })).numRows)')).toEqual({ status: 0, output: '2\n' })
  })
})
