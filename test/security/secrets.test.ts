// Plants a secret and looks for it in everything that is written or thrown.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redact, reveal, secret } from '../../src/base/secret.ts'
import { openAuditLog } from '../../src/storage/audit-log.ts'
import { openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { FaultyDisk } from '../support/faulty-directory.ts'
import { runCli } from '../support/run-cli.ts'

const planted = 'pl4nted-s3cret-passphrase'
const variable = 'MILLRACE_TEST_PLANTED'

function expectAbsent(haystack: unknown): void {
  const text =
    typeof haystack === 'string'
      ? haystack
      : haystack instanceof Uint8Array
        ? Buffer.from(haystack).toString('latin1')
        : inspect(haystack, { depth: 20, showHidden: true })
  expect(text).not.toContain(planted)
  expect(text).not.toContain(Buffer.from(planted).toString('base64').slice(0, -2))
  expect(text).not.toContain(Buffer.from(planted).toString('hex'))
}

async function thrown(action: () => unknown): Promise<unknown> {
  try {
    await action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('a planted secret', () => {
  beforeAll(() => {
    process.env[variable] = planted
  })
  afterAll(() => {
    delete process.env[variable]
  })

  it('is not in the reference, however that is printed', () => {
    const reference = secret(variable)
    for (const form of [
      String(reference),
      JSON.stringify({ password: reference }),
      inspect(reference),
      inspect({ deep: { reference } }),
      structuredClone({ ...reference }),
    ])
      expectAbsent(form)
    expect(JSON.parse(JSON.stringify(reference))).toEqual({ secret: variable })
    expect(reveal(JSON.parse(JSON.stringify(reference)), 'test')).toBe(planted)
  })

  it('is taken out of any text once it was revealed', () => {
    reveal(secret(variable), 'test')
    expect(redact(`login with ${planted} failed for ${planted}`)).toBe(`login with [secret ${variable}] failed for [secret ${variable}]`)
  })

  it('is in no checkpoint file, no audit entry and no error of either', async () => {
    const disk = new FaultyDisk()
    const directory = localDirectory('state', disk)
    const store = await openCheckpointStore({ directory, job: 'bids', encrypt: secret(variable) })
    const writer = await store.begin(1)
    await writer.writeRun('window', 0, { table: 't', keyGroups: { start: 0, end: 128 }, bytes: new Uint8Array(100) })
    const options = { sasl: { password: secret(variable).toJSON() } }
    await writer.complete({
      planFingerprint: JSON.stringify(options),
      keyHashVersion: 1,
      sources: { kafka: { ...options } },
      sinks: {},
      operators: { window: 'w' },
      watermarks: {},
    })
    const log = await openAuditLog(localDirectory('audit', disk), 'bids')
    await log.record('start', { options, url: `https://etl:${planted}@host` })
    await log.record('fail', { message: `wrong password ${planted}` })
    for (const file of disk.files()) expectAbsent(disk.contents(file))

    const manifest = disk.files().find(name => name.endsWith('manifest.json'))!
    const original = disk.contents(manifest)
    disk.tamper(manifest, bytes => bytes.with(100, bytes[100]! ^ 1))
    expectAbsent(await thrown(() => store.newest()))
    disk.tamper(manifest, () => original)
    await store.close()
    const other = await openCheckpointStore({ directory, job: 'bids', encrypt: 'another passphrase' })
    expectAbsent(await thrown(() => other.newest()))
    await other.close()
    for (let call = 1; call < 30; call++) {
      disk.failAt(disk.callCount + call, 'EACCES')
      await openCheckpointStore({ directory, job: 'bids', encrypt: secret(variable) })
        .then(opened => opened.close())
        .catch(expectAbsent)
      for (const file of disk.files()) if (file.endsWith('/lock')) await disk.unlink(file)
    }
  })

  it('is not printed by the command line, whoever threw it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    await writeFile(`${folder}/job.mjs`, `throw new Error('login failed: ' + process.env.${variable})\n`)
    reveal(secret(variable), 'test')
    for (const args of [
      ['run', `${folder}/job.mjs`],
      ['run', `${folder}/job.mjs`, '--debug'],
    ]) {
      const { code, out, error } = await runCli(args)
      expect(code).toBe(1)
      expectAbsent(out + error)
      expect(error).toContain(`[secret ${variable}]`)
    }
    await rm(folder, { recursive: true })
  })
})
