// The topics of this process: opens each once, by name and directory, so that writers and readers of a topic share one log.
import { join, resolve } from 'node:path'
import { PlanError } from '../base/errors.ts'
import type { TopicOptions, Topics } from '../base/topic.ts'
import { diskFiles, type LogCalls, memoryFiles } from './log-files.ts'
import { type OpenTopicLog, openTopicLog } from './topic-log.ts'

const inMemory = new Map<string, Promise<OpenTopicLog>>()
type OnDisk = Map<string, { log: Promise<OpenTopicLog>; users: number }>
const onMachine: OnDisk = new Map()
const onOthers = new WeakMap<LogCalls, OnDisk>()

/** Access to topics. Topics in memory live as long as the process; topics on disk are closed with the last `Topics` that opened them. `calls`: of another disk than the machine's. */
export function createTopics(calls?: LogCalls): Topics {
  const onDisk = calls ? (onOthers.get(calls) ?? new Map()) : onMachine
  if (calls) onOthers.set(calls, onDisk)
  const opened = new Set<string>()
  return {
    async open(options) {
      checkName(options)
      if (options.dir === undefined) {
        let log = inMemory.get(options.name)
        if (!log) inMemory.set(options.name, (log = openTopicLog(memoryFiles(`memory:${options.name}`), options)))
        return checked(await log, options)
      }
      const path = join(resolve(options.dir), options.name)
      let entry = onDisk.get(path)
      if (!entry) onDisk.set(path, (entry = { log: openTopicLog(diskFiles(path, calls), options), users: 0 }))
      if (!opened.has(path)) entry.users++
      opened.add(path)
      try {
        return checked(await entry.log, options)
      } catch (error) {
        opened.delete(path)
        if (--entry.users === 0) onDisk.delete(path)
        throw error
      }
    },
    async close() {
      for (const path of opened) {
        opened.delete(path)
        const entry = onDisk.get(path)
        if (!entry || --entry.users > 0) continue
        onDisk.delete(path)
        const log = await entry.log
        try {
          await log.flush()
        } finally {
          await log.close()
        }
      }
    },
  }
}

/** Forgets a topic in memory and its records. */
export function dropTopic(name: string): void {
  inMemory.delete(name)
}

function checkName(options: TopicOptions): void {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(options.name) || /^\.+$/.test(options.name)) {
    throw new PlanError('TOPIC_NAME', `topic: the name "${options.name}" is no folder name; use letters, digits, dots, dashes and underscores`)
  }
}

function checked(log: OpenTopicLog, options: TopicOptions): OpenTopicLog {
  if (options.partitions !== undefined && options.partitions !== log.partitionCount) {
    throw new PlanError(
      'TOPIC_PARTITIONS',
      `topic "${options.name}": it has ${log.partitionCount} partitions, not ${options.partitions}; leave partitions out or give ${log.partitionCount}`,
    )
  }
  return log
}
