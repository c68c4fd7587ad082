// What a frame would read, told without running it: the files' heads are looked at, nothing more.
import { statSync } from 'node:fs'
import { schemaText } from '../batch/schema.ts'
import type { FrameValue } from '../frame/frame.ts'
import { buildPlan } from '../frame/node.ts'
import { openPlan } from '../plan/open-plan.ts'
import { type ResolvedPlan, resolvePlan } from '../plan/resolve.ts'
import { fetchedFile, type FetchedOptions } from '../source/fetched-files.ts'
import type { FileSchema } from './schema-file.ts'

/** A file that would be read. `rows` and `parts` (row groups, record batches) where the file tells them. */
export interface InputFile {
  readonly path: string
  readonly bytes: number
  readonly rows?: number
  readonly parts?: number
}

/** The columns of a frame and their types. Of web addresses what is needed is fetched. Throws what the sources do. */
export function schemaOf(frame: FrameValue, signal?: AbortSignal): Promise<FileSchema> {
  return lookAtPlan(frame, ({ resolved, root }) => schemaText(resolved.edges.get(root)!.fields), signal)
}

/** The files of a frame's scan, in the order they are read. Throws what the sources do. */
export function filesOf(frame: FrameValue, signal?: AbortSignal): Promise<InputFile[]> {
  return lookAtPlan(frame, ({ resolved }) => resolved.nodes.flatMap(node => (node.node === 'scan' ? filesOfScan(node.options as unknown as ListedFiles) : [])), signal)
}

function filesOfScan({ files = [], fetched }: ListedFiles): InputFile[] {
  return files.map(({ path, groups, batches }) => ({
    path,
    bytes: fetchedFile(path, fetched)?.size ?? statSync(path).size,
    ...(groups && { rows: groups.reduce((sum, rows) => sum + rows, 0), parts: groups.length }),
    ...(batches !== undefined && { parts: batches }),
  }))
}

interface ListedFiles extends FetchedOptions {
  readonly files?: readonly ListedFile[]
}

/** What scans note of a file: Parquet the rows of its row groups, Arrow the number of its batches. */
interface ListedFile {
  readonly path: string
  readonly groups?: readonly number[]
  readonly batches?: number
}

interface LookedAt {
  readonly resolved: ResolvedPlan
  readonly root: string
}

async function lookAtPlan<T>(frame: FrameValue, look: (found: LookedAt) => T, signal: AbortSignal | undefined): Promise<T> {
  const { plan, bindings, roots } = buildPlan([frame.edge.node])
  const opened = await openPlan(plan, bindings, signal)
  try {
    return await opened.look(() => look({ resolved: resolvePlan(opened.plan, bindings), root: roots[0]! }))
  } finally {
    opened.close()
  }
}
