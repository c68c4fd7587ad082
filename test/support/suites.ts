// Where outside suites lie; tests show themselves as skipped where one is absent.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = process.env.MILLRACE_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))

/** The folder of a suite, or undefined where it is absent. */
export function suiteFolder(name: string): string | undefined {
  return existsSync(`${root}/${name}`) ? `${root}/${name}` : undefined
}
