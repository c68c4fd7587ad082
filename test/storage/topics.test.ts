import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { TopicRecords } from '../../src/base/topic.ts'
import { createTopics, dropTopic } from '../../src/storage/topics.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-topics-'))
  folders.push(made)
  return made
}

const record: TopicRecords = {
  count: 1,
  partitions: Int32Array.of(0),
  timestampsMs: Float64Array.of(1),
  keyLengths: Int32Array.of(-1),
  keyBytes: new Uint8Array(0),
  valueLengths: Int32Array.of(2),
  valueBytes: Uint8Array.of(7, 8),
}

describe('topics', () => {
  test('in memory are shared within the process and stay until they are dropped', async () => {
    const topics = createTopics()
    await (await topics.open({ name: 'shared', partitions: 2 })).append(record)
    await topics.close()
    expect((await createTopics().open({ name: 'shared' })).recordCount).toBe(1)
    dropTopic('shared')
    expect((await createTopics().open({ name: 'shared' })).recordCount).toBe(0)
    dropTopic('shared')
  })

  test('on disk are one log for all who open them, and stay', async () => {
    const dir = folder()
    const [one, two] = [createTopics(), createTopics()]
    const log = await one.open({ name: 'orders', dir })
    expect(await two.open({ name: 'orders', dir })).toBe(log)
    await log.append(record)
    await one.close()
    await (await two.open({ name: 'orders', dir })).append(record)
    await two.close()
    const again = createTopics()
    expect((await again.open({ name: 'orders', dir })).recordCount).toBe(2)
    await again.close()
  })

  test('refuse names that are no folder names, other partitions, and a place that is no folder', async () => {
    const topics = createTopics()
    for (const name of ['', '..', 'a/b', 'x'.repeat(201)]) await expect(topics.open({ name })).rejects.toMatchObject({ code: 'TOPIC_NAME' })
    await topics.open({ name: 'two', partitions: 2 })
    await expect(topics.open({ name: 'two', partitions: 3 })).rejects.toMatchObject({ code: 'TOPIC_PARTITIONS' })
    dropTopic('two')
    const dir = folder()
    writeFileSync(join(dir, 'file'), '')
    await expect(topics.open({ name: 'x', dir: join(dir, 'file') })).rejects.toMatchObject({ code: 'TOPIC_IO' })
    await topics.close()
  })
})
