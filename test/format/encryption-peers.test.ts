// What Millrace encrypts, pyarrow opens, and the other way round. Its keys go through a key server, here one in the test's own Python that gives keys away as base64. A pyarrow that
// isn't there (npm run bench:setup) is shown as skipped.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { from, read, write } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'

const python = fileURLToPath(new URL('../../bench/.venv/bin/python', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-encryption-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

function hasPyarrow(): boolean {
  try {
    return existsSync(python) && execFileSync(python, ['-c', 'import pyarrow.parquet.encryption'], { stdio: 'ignore' }) !== undefined
  } catch {
    return false
  }
}

const script = `
import base64, sys
import pyarrow.parquet as pq, pyarrow.parquet.encryption as pe

class Server(pe.KmsClient):
    def __init__(self, config):
        super().__init__()
    def wrap_key(self, key, master):
        return base64.b64encode(key)
    def unwrap_key(self, wrapped, master):
        return base64.b64decode(wrapped)

factory, kms = pe.CryptoFactory(lambda config: Server(config)), pe.KmsConnectionConfig()
def opened(path):
    return pq.read_table(path, decryption_properties=factory.file_decryption_properties(kms, pe.DecryptionConfiguration()), use_threads=False)
def sealed(table, path, algorithm, plain, bits, compression, version):
    config = pe.EncryptionConfiguration(footer_key='kf', column_keys={'ka': ['a'], 'kt': ['t', 'l.list.element']}, encryption_algorithm=algorithm, plaintext_footer=plain, data_key_length_bits=bits, double_wrapping=False)
    with pq.ParquetWriter(path, table.schema, encryption_properties=factory.file_encryption_properties(kms, config), compression=compression, data_page_version=version, write_page_index=True) as writer:
        writer.write_table(table, row_group_size=700)
exec(sys.argv[1])
`
const run = (program: string) => execFileSync(python, [join(folder, 'script.py'), program], { encoding: 'utf8' })

const bytesOf = (seed: number, size: number) => Uint8Array.from({ length: size }, (_, i) => (seed * 13 + i * 5) & 255)
// As pyarrow describes keys that a server has wrapped.
const described = (master: string, key: Uint8Array, isFooter: boolean) =>
  JSON.stringify({
    keyMaterialType: 'PKMT1',
    internalStorage: true,
    isFooterKey: isFooter,
    ...(isFooter && { kmsInstanceID: 'DEFAULT', kmsInstanceURL: 'DEFAULT' }),
    masterKeyID: master,
    wrappedDEK: Buffer.from(key).toString('base64'),
    doubleWrapping: false,
  })
const unwrapped = async (keyMetadata: Uint8Array) => (JSON.parse(new TextDecoder().decode(keyMetadata)) as { wrappedDEK: string }).wrappedDEK

const rows = Array.from({ length: 2000 }, (_, i) => ({ a: i * 3, b: i % 7 === 0 ? null : i / 4, t: `text ${i % 90}`, l: i % 5 === 0 ? null : [i, null, i + 1].slice(0, i % 4) }))
const schema = { a: 'int64', b: 'float64?', t: 'utf8', l: 'list<int32?>?' } as const
const plainRows = rows.map(row => ({ ...row, a: row.a }))

describe.skipIf(!hasPyarrow())('encrypted Parquet and pyarrow', () => {
  writeFileSync(join(folder, 'script.py'), script)

  it.each([
    ['AES_GCM_V1', 'all', false, 16, undefined],
    ['AES_GCM_CTR_V1', 'all', false, 24, undefined],
    ['AES_GCM_V1', 'keyed', true, 32, undefined],
    ['AES_GCM_CTR_V1', 'all', true, 16, 'trips'],
    ['AES_GCM_V1', 'keyed', false, 16, 'trips'],
  ] as const)('ours by %s (columns: %s, plain footer: %s, keys of %i bytes, prefix %s) is opened by it', async (algorithm, columns, plaintextFooter, size, aadPrefix) => {
    const path = join(folder, `ours-${algorithm}-${columns}-${size}-${aadPrefix}.parquet`)
    const [kf, ka, kl] = [1, 2, 3].map(seed => bytesOf(seed, size)) as [Uint8Array, Uint8Array, Uint8Array]
    const encryption = {
      footerKey: kf,
      footerKeyMetadata: described('kf', kf, true),
      columnKeys: { a: ka, l: kl },
      columnKeyMetadata: { a: described('ka', ka, false), l: described('kl', kl, false) },
      algorithm,
      columns,
      plaintextFooter,
      ...(aadPrefix && { aadPrefix }),
    }
    await from(rows, { schema }).to(write.parquet(path, { encryption, rowGroupRows: 900, pageRows: 100, overwrite: true })).run()
    expect(JSON.parse(run(`import json; print(json.dumps(opened('${path}').to_pylist()))`))).toEqual(plainRows)
    expect((await read.parquet(path, { decryption: { footerKey: kf, columnKeys: { a: ka, l: kl } } }).collect()).toArray().length).toBe(2000)
  })

  it.each([
    ['AES_GCM_V1', 'False', 128, 'snappy', '1.0'],
    ['AES_GCM_CTR_V1', 'False', 192, 'zstd', '2.0'],
    ['AES_GCM_V1', 'True', 256, 'none', '2.0'],
    ['AES_GCM_CTR_V1', 'True', 128, 'gzip', '1.0'],
  ])('what it writes by %s (plain footer: %s, %i bits, %s, pages %s) is opened by us', async (algorithm, plain, bits, compression, version) => {
    const from = join(folder, 'plain.parquet')
    const path = join(folder, `theirs-${algorithm}-${plain}.parquet`)
    await writePlain(from)
    run(`sealed(pq.read_table('${from}'), '${path}', '${algorithm}', ${plain}, ${bits}, '${compression}', '${version}')`)
    const table = await read.parquet(path, { decryption: { keys: unwrapped } }).collect({ workers: 2 })
    expect(table.toArray().map(row => ({ ...row, a: Number(row.a) }))).toEqual(plainRows)
    const some = await read.parquet(path, { decryption: { keys: unwrapped } }).filter('a >= 5990').select('a').collect()
    expect(some.toArray().map(row => Number(row.a))).toEqual([5991, 5994, 5997])
    await expect(read.parquet(path).collect()).rejects.toThrow(expect.objectContaining({ code: 'ENCRYPTED' }))
  })
})

async function writePlain(path: string): Promise<void> {
  await from(rows, { schema }).to(write.parquet(path, { overwrite: true })).run()
}
