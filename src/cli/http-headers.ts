// The file of --http-headers: a JSON object of headers that are sent to http(s) addresses, where credentials belong. A value is text, or { "secret": "NAME" } for an environment
// variable.
import { DataError, PlanError } from '../base/errors.ts'
import type { SecretLike } from '../base/secret.ts'
import { objectInFile } from './option-files.ts'

/** The headers in a file; `isUsed`: whether anything is read from the web. Throws PlanError HTTP_HEADERS, DataError HTTP_HEADERS, ConnectorError. */
export function httpHeaders(path: string, isUsed: boolean): Readonly<Record<string, SecretLike>> {
  const flag = '--http-headers'
  if (!isUsed) throw new PlanError('HTTP_HEADERS', `${flag} ${path}: no input is an http(s) address; leave it out`)
  const found = objectInFile(path, flag, 'HTTP_HEADERS', '{"authorization": {"secret": "NAME"}}')
  const odd = Object.entries(found).find(([, value]) => !isSecretLike(value))
  if (odd) throw new DataError('HTTP_HEADERS', `${flag} ${path}: the header ${JSON.stringify(odd[0])} has no text; give text, or {"secret": "NAME"} for an environment variable`)
  return found as Record<string, SecretLike>
}

function isSecretLike(value: unknown): value is SecretLike {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && Object.keys(value).join() === 'secret' && typeof (value as { secret: unknown }).secret === 'string')
}
