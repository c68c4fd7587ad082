// What the operating system says about a file, as a typed error that tells what to do.
import { ConnectorError } from '../base/errors.ts'

const known: Record<string, { code: string; what: string; todo: string; retryable?: boolean }> = {
  ENOSPC: { code: 'DISK_FULL', what: 'the disk is full', todo: 'free space or choose another directory', retryable: true },
  EDQUOT: { code: 'DISK_FULL', what: 'the disk quota is used up', todo: 'free space or choose another directory', retryable: true },
  EFBIG: { code: 'DISK_FULL', what: 'the file is larger than the disk or the process limit allows', todo: 'raise the limit or choose another disk' },
  EACCES: { code: 'DISK_DENIED', what: 'permission denied', todo: 'give this user read and write permission, or choose another directory' },
  EPERM: { code: 'DISK_DENIED', what: 'the operation is not permitted', todo: 'give this user read and write permission, or choose another directory' },
  EROFS: { code: 'DISK_DENIED', what: 'the disk is mounted read-only', todo: 'choose another directory' },
  ENOENT: { code: 'DISK_MISSING', what: 'no such file', todo: 'check the path' },
  ENOTDIR: { code: 'DISK_MISSING', what: 'a part of the path is a file', todo: 'check the path' },
  EISDIR: { code: 'DISK_FAILED', what: 'a folder lies where a file is meant', todo: 'check the path' },
  EMFILE: { code: 'DISK_HANDLES', what: 'this process has too many open files', todo: 'raise the limit (ulimit -n)', retryable: true },
  ENFILE: { code: 'DISK_HANDLES', what: 'the machine has too many open files', todo: 'raise the limit of the system', retryable: true },
}

/** The ConnectorError for a failed call on `path`. `doing` is a verb, such as 'write'. */
export function diskError(doing: string, path: string, cause: unknown): ConnectorError {
  if (cause instanceof ConnectorError) return cause
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'
  const { code, what, todo, retryable } = known[errno] ?? { code: 'DISK_FAILED', what: 'the system refused', todo: 'check the disk and its logs' }
  return new ConnectorError(code, `${path}: can't ${doing}: ${what} (${errno}); ${todo}`, { cause, retryable: retryable ?? false })
}

/** The error after a failed fsync: what the kernel still holds of the file can't be known, so it is given up. */
export function syncError(path: string, cause: unknown): ConnectorError {
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'
  return new ConnectorError(
    'DISK_SYNC',
    `${path}: fsync failed (${errno}), so nothing written to this file can be trusted; check the disk, then restart the job from its last checkpoint`,
    { cause },
  )
}
