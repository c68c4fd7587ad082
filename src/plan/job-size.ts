// Whether a job has enough to do for several threads, judged by what its sources say of themselves before anything is read.
import { scanType } from './catalogue.ts'
import type { ScanNode } from './plan.ts'
import { type Bindings, optionsOf, type ResolvedPlan } from './resolve.ts'

/** Below so many rows, or bytes of files, a job is done before threads have had a share of it. */
const rowsMin = 100_000
const bytesMin = 4 << 20

/** True for streams, and for jobs that read much. */
export function isLarge(plan: ResolvedPlan, bindings: Bindings): boolean {
  if (!plan.bounded) return true
  return plan.nodes.some(node => (node.node === 'scan' ? isLargeScan(node) : node.node === 'feed' && heldRows(optionsOf(node, bindings)) >= rowsMin))
}

function isLargeScan({ kind, options }: ScanNode): boolean {
  const type = scanType(kind)
  const rows = type.rowCount?.(options)
  if (rows !== undefined) return rows >= rowsMin
  const { files } = options as { files?: readonly { bytes?: number }[] }
  const bytes = files?.every(file => file.bytes !== undefined) ? files.reduce((sum, file) => sum + file.bytes!, 0) : undefined
  return bytes !== undefined ? bytes >= bytesMin : type.splits(options).length > 1
}


/** Rows that the program gave as arrays; Infinity where the number is not known. */
export function heldRows(options: unknown): number {
  const { rows, columns } = (options ?? {}) as { rows?: ArrayLike<unknown>; columns?: Readonly<Record<string, ArrayLike<unknown>>> }
  if (rows) return rows.length
  return columns ? (Object.values(columns)[0]?.length ?? 0) : Number.POSITIVE_INFINITY
}
