import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkSocket, listJobs, registerJob, registryFolders, secureSocket } from '../../src/storage/job-registry.ts'
import { isGoneProcess } from '../../src/storage/process-birth.ts'

const facts = { name: 'bids', job: 'bids-per-auction', startedAt: 1_700_000_000_000, state: '/data/state' }
const gone = spawnSync(process.execPath, ['-e', '']).pid

describe.skipIf(process.platform === 'win32')('the registry of jobs', () => {
  let root: string
  let folder: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'millrace-'))
    folder = join(root, 'jobs')
  })
  afterEach(() => rm(root, { recursive: true, force: true }))
  const entry = (id: string, more: object = {}) => writeFile(join(folder, `${id}.json`), JSON.stringify({ id, pid: process.pid, birth: '', ...facts, ...more }), { mode: 0o600 })

  it('lies where the system keeps such things for a user, else among the temporary files', () => {
    const own = join(tmpdir(), `millrace-${process.getuid!()}`)
    expect(registryFolders({ XDG_RUNTIME_DIR: '/run/user/7' })).toEqual(['/run/user/7/millrace', own])
    for (const environment of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'relative' }]) expect(registryFolders(environment)).toEqual([own])
  })

  it('shows a job from when it is written in until it is taken out, to nobody else', async () => {
    const registration = await registerJob(facts, [folder])
    expect((await listJobs([folder])).jobs).toEqual([])
    await registration.publish()
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, `${registration.entry.id}.json`))).mode & 0o777).toBe(0o600)
    const { jobs } = await listJobs([folder, folder])
    expect(jobs).toMatchObject([{ ...facts, pid: process.pid, id: registration.entry.id, socket: registration.socket }])
    await registration.remove()
    expect(await readdir(folder)).toEqual([])
    await registration.remove()
  })

  it('goes to the next folder where the first can not be made', async () => {
    const registration = await registerJob(facts, [join(root, 'not', 'there'), folder])
    expect(registration.socket.startsWith(folder)).toBe(true)
    await registration.remove()
    await expect(registerJob(facts, [join(root, 'not', 'there')])).rejects.toMatchObject({ name: 'ConnectorError', code: 'CONTROL_FOLDER' })
    expect(await listJobs([join(root, 'not', 'there')])).toEqual({ jobs: [], ignored: [] })
  })

  it.each([
    ['others may enter', async (path: string) => chmod(await mkdir(path, { recursive: true }).then(() => path), 0o755), 'mode 755'],
    ['is a link', async (path: string) => symlink(tmpdir(), path), 'no folder'],
    ['is a file', async (path: string) => writeFile(path, ''), 'no folder'],
  ])('believes no folder that %s', async (_, make, reason) => {
    await make(folder)
    await expect(registerJob(facts, [folder])).rejects.toMatchObject({ code: 'CONTROL_FOLDER', message: expect.stringContaining(reason) })
    expect(await listJobs([folder])).toEqual({ jobs: [], ignored: [expect.stringContaining(reason)] })
  })

  it.skipIf(process.getuid?.() === 0)("believes no folder of another user's", async () => {
    await expect(registerJob(facts, ['/etc'])).rejects.toMatchObject({ code: 'CONTROL_FOLDER', message: expect.stringContaining('belongs to user 0') })
  })

  it('removes what dead processes left, and nothing else', async () => {
    expect(isGoneProcess(gone, '')).toBe(true)
    expect(isGoneProcess(process.pid, '')).toBe(false)
    await mkdir(folder, { mode: 0o700 })
    await entry('00000001', { pid: gone })
    await writeFile(join(folder, '00000001.sock'), '')
    // The number is in use again, by a process that was born at another time.
    if (existsSync('/proc/self/stat')) await entry('00000002', { birth: 'another boot/1' })
    await entry('00000003')
    for (const name of ['00000004.sock', '00000005.json.tmp', '00000006.sock', 'notes.txt']) await writeFile(join(folder, name), '')
    for (const name of ['00000004.sock', '00000005.json.tmp', 'notes.txt']) await utimes(join(folder, name), 1, 1)
    expect((await listJobs([folder])).jobs.map(job => job.id)).toEqual(['00000003'])
    expect((await readdir(folder)).sort()).toEqual(['00000003.json', '00000006.sock', 'notes.txt'])
    const [job] = (await listJobs([folder])).jobs
    await job!.forget()
    expect((await listJobs([folder])).jobs).toEqual([])
  })

  it('believes no entry that is not as jobs write them', async () => {
    await mkdir(folder, { mode: 0o700 })
    await entry('00000001', { id: '00000002' })
    await entry('00000003', { pid: -1 })
    await entry('00000004', { pid: '1' })
    await entry('00000005', { name: 7 })
    await entry('00000006', { state: {} })
    await entry('00000007', { name: 'x'.repeat(20_000) })
    await writeFile(join(folder, '00000008.json'), '{"id":', { mode: 0o600 })
    await writeFile(join(folder, '00000009.json'), 'null', { mode: 0o600 })
    await entry('0000000a')
    await chmod(join(folder, '0000000a.json'), 0o644)
    await symlink(join(folder, '0000000a.json'), join(folder, '0000000b.json'))
    await mkdir(join(folder, '0000000c.json'))
    expect(await listJobs([folder])).toEqual({ jobs: [], ignored: [] })
  })

  it('refuses a path that is too long for a socket', async () => {
    const long = join(root, 'x'.repeat(100))
    await expect(registerJob(facts, [long])).rejects.toMatchObject({ code: 'CONTROL_FOLDER', message: expect.stringContaining('at most 10') })
  })

  it('makes sure that a socket is the user’s alone', async () => {
    const path = join(root, 's')
    const server = createServer()
    await new Promise<void>(resolve => server.listen(path, resolve))
    await chmod(path, 0o666)
    await expect(checkSocket(path)).rejects.toMatchObject({ code: 'CONTROL_FOLDER', message: expect.stringContaining('mode 666') })
    await secureSocket(path)
    await checkSocket(path)
    await new Promise(resolve => server.close(resolve))
    await writeFile(path, '', { mode: 0o600 })
    await expect(checkSocket(path)).rejects.toMatchObject({ code: 'CONTROL_FOLDER' })
  })
})
