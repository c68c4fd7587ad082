// Files that options name instead of holding what must not stand on a command line: JSON objects of keys or headers. Messages never show what is in them.
import { readFileSync } from 'node:fs'
import { DataError } from '../base/errors.ts'
import { fileError } from '../source/file-list.ts'

/** The JSON object in a file. `example` is one, for the message. Throws ConnectorError (no such file), DataError `code`. */
export function objectInFile(path: string, flag: string, code: string, example: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw fileError(flag, 'read', path, thrown)
  }
  const wrong = () => new DataError(code, `${flag} ${path}: it is no JSON object; write one such as ${example}`)
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    // What JSON.parse says shows a part of the text.
    throw wrong()
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw wrong()
  return found as Record<string, unknown>
}
