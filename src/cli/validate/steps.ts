// A check that is done in steps: between them Ctrl-C is heard.
import { CancelledError } from '../../base/errors.ts'
import { type FileReader, openFile } from '../../source/open-file.ts'

/** Runs the steps over a file that is closed afterwards. Throws CancelledError once `signal` is aborted. */
export async function withFileSteps(path: string, steps: (reader: FileReader) => Iterable<void>, signal: AbortSignal): Promise<void> {
  const reader = openFile(path, 'validate')
  try {
    for (const _ of steps(reader)) {
      await new Promise<void>(resolve => setImmediate(resolve))
      if (signal.aborted) throw new CancelledError('validate')
    }
  } finally {
    reader.close()
  }
}
