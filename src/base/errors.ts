// The error kinds of the whole engine, by who must act. Every error carries a stable `code`, and its message reads
// `where: what is wrong; what was found; what to do`. Nothing else in src throws a plain Error.

/** What a thrown Millrace error has in common. `code` is stable across versions; `message` is for people. */
export abstract class MillraceError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** The job as written is wrong: a misspelt column, a type that doesn't fit, an option out of range. */
export class PlanError extends MillraceError {}

/** A file or a stream holds something that isn't what it claims to be. The message names the path and byte or record. */
export class DataError extends MillraceError {}

/** A system outside refused, broke off or can't be reached. `retryable` says whether the same call may succeed later. */
export class ConnectorError extends MillraceError {
  readonly retryable: boolean
  constructor(code: string, message: string, options?: ErrorOptions & { retryable?: boolean }) {
    super(code, message, options)
    this.retryable = options?.retryable ?? false
  }
}

/** The machine can't: no memory left, no SIMD, a lost GPU, kernels that don't match. */
export class DeviceError extends MillraceError {}

/** A fault of Millrace itself. */
export class AssertionError extends MillraceError {}

/** The run was stopped by its AbortSignal or by Ctrl-C. */
export class CancelledError extends MillraceError {
  constructor(where: string, options?: ErrorOptions) {
    super('CANCELLED', `${where}: the run was cancelled; nothing after its last commit is visible`, options)
  }
}

/** Ends the process's belief in itself: throws AssertionError unless `condition` holds. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionError('ASSERT', `millrace: ${what}; this is a fault in Millrace, please report it`)
}

/** Lets the compiler list the union members that a switch forgot. */
export function unreachable(value: never): never {
  throw new AssertionError('UNREACHABLE', `millrace: no case for ${JSON.stringify(value)}; this is a fault in Millrace`)
}

/** Any thrown value as an Error, so that a user's `throw 'x'` is not lost. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** An error as plain data, to cross a thread. `decodeError` restores its kind. */
export interface ErrorData {
  kind: string
  code: string
  message: string
  stack?: string
  retryable?: boolean
}

/** Flattens an error for `postMessage`. Kinds other than Millrace's arrive as their message and stack. */
export function encodeError(thrown: unknown): ErrorData {
  const error = asError(thrown)
  const code = error instanceof MillraceError ? error.code : 'USER'
  return { kind: error.name, code, message: error.message, stack: error.stack, retryable: error instanceof ConnectorError && error.retryable }
}

/** The inverse of `encodeError`; an unknown kind becomes a plain Error of that name. */
export function decodeError(data: ErrorData): Error {
  const kinds: Record<string, (d: ErrorData) => Error> = {
    PlanError: d => new PlanError(d.code, d.message),
    DataError: d => new DataError(d.code, d.message),
    ConnectorError: d => new ConnectorError(d.code, d.message, { retryable: d.retryable }),
    DeviceError: d => new DeviceError(d.code, d.message),
    AssertionError: d => new AssertionError(d.code, d.message),
  }
  const error = kinds[data.kind]?.(data) ?? Object.assign(new Error(data.message), { name: data.kind })
  if (data.stack) error.stack = data.stack
  return error
}
