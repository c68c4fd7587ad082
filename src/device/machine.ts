// What the place where the engine runs has: Node's machine, or what a page is given. In a page there is one thread, and no disk.
import { availableParallelism, tmpdir, totalmem } from 'node:os'

/** Whether this is a page of a browser, or a worker of one, and not Node or its kin. */
export const inPage = typeof process === 'undefined' || process.versions?.node === undefined

const pageMemoryBytes = 2 ** 31

/** Threads that run at once. */
export function threadsMax(): number {
  return inPage ? 1 : availableParallelism()
}

/** Bytes that this process may use: the machine's, or the limit of its container; of a page 2 GiB. */
export function memoryBytes(): number {
  if (inPage) return pageMemoryBytes
  const limit = process.constrainedMemory?.() ?? 0
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

/** The folder for temporary files; in a page none, and nothing can be written there. */
export function temporaryFolder(): string {
  return inPage ? '' : tmpdir()
}
