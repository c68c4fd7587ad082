import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadModule, stripsTypes } from '../../src/cli/load-module.ts'
import { runCli } from '../support/run-cli.ts'

describe('loadModule', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('knows which Nodes strip types', () => {
    expect(['20.19.0', '22.17.1', '22.18.0', '23.5.0', '23.6.0', '24.0.0', '26.1.0'].map(stripsTypes)).toEqual([false, false, true, false, true, true, true])
  })

  it('compiles TypeScript and its neighbours where Node cannot run it, and leaves nothing behind', async () => {
    await mkdir(`${folder}/lib`)
    await writeFile(`${folder}/lib/twice.ts`, 'export const twice = (x: number): number => 2 * x\n')
    await writeFile(
      `${folder}/job.ts`,
      "import { twice } from './lib/twice.ts'\ninterface Shape { n: number }\nconst shape: Shape = { n: twice(await Promise.resolve(21)) }\nexport default shape\n",
    )
    const loaded = await loadModule(`${folder}/job.ts`, false)
    expect(loaded.exports.default).toEqual({ n: 42 })
    await loaded.close()
    expect((await readdir(folder)).sort()).toEqual(['job.ts', 'lib'])
  })

  it("passes the compiler's complaint on", async () => {
    await writeFile(`${folder}/job.ts`, 'export default const = 1\n')
    await expect(loadModule(`${folder}/job.ts`, false)).rejects.toMatchObject({ code: 'COMPILE', message: expect.stringContaining('error TS') })
    expect(await readdir(folder)).toEqual(['job.ts'])
  })

  it('runs JavaScript as it is', async () => {
    await writeFile(`${folder}/job.mjs`, 'export default { n: 1 }\n')
    expect((await loadModule(`${folder}/job.mjs`)).exports.default).toEqual({ n: 1 })
  })

  it('refuses what is no module', async () => {
    await writeFile(`${folder}/job.txt`, '')
    await expect(loadModule(`${folder}/job.txt`)).rejects.toMatchObject({ code: 'JOB_FILE' })
    await expect(loadModule(`${folder}/none.ts`)).rejects.toMatchObject({ code: 'JOB_FILE' })
  })

  it('runs the exported job with the options of the command line', async () => {
    await writeFile(`${folder}/job.mjs`, 'export default { run: async options => { globalThis.millraceTestOptions = options } }\n')
    const { code } = await runCli(['run', `${folder}/job.mjs`, '--workers', '2', '--checkpoint', 'state/', '--every', '5s', '--no-progress'])
    const seen = (globalThis as { millraceTestOptions?: object }).millraceTestOptions
    expect(code).toBe(0)
    expect(seen).toMatchObject({ workers: 2, checkpoint: { dir: 'state/', every: '5s' }, signal: expect.any(AbortSignal) })
    expect(seen).not.toHaveProperty('progress')
  })

  it("says so when options have nothing to act on, and passes the job's own errors on", async () => {
    await writeFile(`${folder}/plain.mjs`, 'export const x = 1\n')
    expect(await runCli(['run', `${folder}/plain.mjs`])).toMatchObject({ code: 0 })
    expect(await runCli(['run', `${folder}/plain.mjs`, '--workers', '2'])).toMatchObject({ code: 2, error: expect.stringContaining('no default export') })
    await writeFile(`${folder}/bad.mjs`, "throw new Error('boom')\n")
    expect(await runCli(['run', `${folder}/bad.mjs`])).toMatchObject({ code: 1, error: 'error: boom\n(run again with --debug to see where)\n' })
    await writeFile(`${folder}/odd.mjs`, 'export default 5\n')
    expect(await runCli(['run', `${folder}/odd.mjs`])).toMatchObject({ code: 2, error: expect.stringContaining('neither a job nor a frame') })
  })
})
