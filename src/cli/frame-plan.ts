// What a frame would read, told without running it: the files' heads are looked at, nothing more.
import { statSync } from 'node:fs'
import { schemaText } from '../batch/schema.ts'
import type { FrameValue } from '../frame/frame.ts'
import { buildPlan } from '../frame/node.ts'
import { type ResolvedPlan, resolvePlan } from '../plan/resolve.ts'
import type { FileSchema } from './schema-file.ts'

/** A file that would be read. `rows` and `parts` (row groups, record batches) where the file tells them. */
export interface InputFile {
  readonly path: string
  readonly bytes: number
  readonly rows?: number
  readonly parts?: number
}

/** The columns of a frame and their types. Throws what the sources do. */
export function schemaOf(frame: FrameValue): FileSchema {
  const { resolved, root } = resolvedOf(frame)
  return schemaText(resolved.edges.get(root)!.fields)
}

/** The files of a frame's scan, in the order they are read. */
export function filesOf(frame: FrameValue): InputFile[] {
  const found = resolvedOf(frame).resolved.nodes.flatMap(node => (node.node === 'scan' ? ((node.options as unknown as { files?: readonly ListedFile[] }).files ?? []) : []))
  return found.map(({ path, groups, batches }) => ({
    path,
    bytes: statSync(path).size,
    ...(groups && { rows: groups.reduce((sum, rows) => sum + rows, 0), parts: groups.length }),
    ...(batches !== undefined && { parts: batches }),
  }))
}

/** What scans note of a file: Parquet the rows of its row groups, Arrow the number of its batches. */
interface ListedFile {
  readonly path: string
  readonly groups?: readonly number[]
  readonly batches?: number
}

function resolvedOf(frame: FrameValue): { resolved: ResolvedPlan; root: string } {
  const { plan, bindings, roots } = buildPlan([frame.edge.node])
  return { resolved: resolvePlan(plan, bindings), root: roots[0]! }
}
