// Where a run tells what it does.

/** A log of records: details as plain data, and what happened in words. pino's loggers fit. */
export interface Logger {
  info(details: object, message: string): void
  error(details: object, message: string): void
}
