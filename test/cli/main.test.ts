// The installed command as a process of its own. Needs dist/, which `npm test` builds first.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

function start(...args: string[]): {
  child: ChildProcess
  out: () => string
  ready: Promise<void>
  ended: Promise<{ code: number | null; out: string; error: string }>
} {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let error = ''
  let isReady: () => void
  const ready = new Promise<void>(resolve => (isReady = resolve))
  child.stdout!.setEncoding('utf8').on('data', text => {
    out += text
    if (out.includes('ready')) isReady()
  })
  child.stderr!.setEncoding('utf8').on('data', text => (error += text))
  const ended = new Promise<{ code: number | null; out: string; error: string }>(resolve => child.on('close', code => resolve({ code, out, error })))
  return { child, out: () => out, ready, ended }
}

describe('millrace', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    const waiting = "const timer = setInterval(() => {}, 1000); console.log('ready')"
    const polite = `export default { run: ({ signal }) => new Promise((_, reject) => { ${waiting}; signal.addEventListener('abort', () => { clearInterval(timer); reject(signal.reason) }) }) }`
    await writeFile(`${folder}/polite.mjs`, polite)
    await writeFile(
      `${folder}/stubborn.mjs`,
      `export default { run: ({ signal }) => new Promise(() => { ${waiting}; signal.addEventListener('abort', () => console.log('noted')) }) }`,
    )
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('gives exit codes', async () => {
    expect(await start('--version').ended).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), error: '' })
    expect(await start('head').ended).toMatchObject({ code: 2, out: '' })
    expect(await start('audit', 'verify', `${folder}/none`).ended).toMatchObject({ code: 1, error: expect.stringContaining('no audit log') })
  })

  it('lets a run end in order at the first Ctrl-C', async () => {
    const { child, ready, ended } = start('run', `${folder}/polite.mjs`)
    await ready
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, error: 'cancelled\n' })
  })

  it('does not wait at the second', async () => {
    const { child, out, ready, ended } = start('run', `${folder}/stubborn.mjs`)
    await ready
    child.kill('SIGINT')
    await new Promise<void>(resolve => {
      const look = () => (out().includes('noted') ? resolve() : setImmediate(look))
      look()
    })
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
  })

  it('ends quietly when its reader has seen enough', async () => {
    const { child, ended } = start('--help')
    child.stdout!.destroy()
    expect(await ended).toMatchObject({ error: '' })
  })
})
