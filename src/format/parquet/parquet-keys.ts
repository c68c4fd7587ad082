// The keys that users give for reading encrypted files: as bytes, as text, as secrets, by column, by what a file says of its keys, or by a function that is asked for them.
// They are looked at when the files are, and are plain data for other threads from then on, but for the function: it is asked beforehand.
import { asError, ConnectorError, PlanError } from '../../base/errors.ts'
import { Hidden, type HiddenReference, hiddenValue } from '../../base/hidden.ts'
import { reveal, type Secret } from '../../base/secret.ts'

/** An AES key: its 16, 24 or 32 bytes, their text as hex or base64, or a secret that has such a text. */
export type ParquetKey = Uint8Array | string | Secret

/** Finds the key that a file describes; undefined where it has none. It may ask a key server: it is called once for each description, before anything is read. */
export type ParquetKeyFinder = (keyMetadata: Uint8Array) => ParquetKey | undefined | Promise<ParquetKey | undefined>

/** How encrypted Parquet files are opened. What is given for a column goes before what a file says of its key. */
export interface ParquetDecryption {
  /** The key of the footer, and of columns that have none of their own. */
  readonly footerKey?: ParquetKey
  /** Keys of columns by name; by their path, as in 'visits.list.element', where what is inside a column has several. */
  readonly columnKeys?: Readonly<Record<string, ParquetKey>>
  /** Keys by the text that files have as their metadata, or a function that finds them. */
  readonly keys?: Readonly<Record<string, ParquetKey>> | ParquetKeyFinder
  /** What the files are bound to, such as their table's name; it must be given where a file doesn't hold it, and be the same where it does. */
  readonly aadPrefix?: string | Uint8Array
  /** False reads files whose footer is plain without the footer key: that nobody has changed their schema and places is then not known. */
  readonly verifyFooter?: boolean
  /** True takes files that are not encrypted, too; else they are an error, as somebody may have put them in the place of encrypted ones. */
  readonly allowPlaintext?: boolean
}

/** Keys as bytes. Plain data. */
export interface KeySet {
  readonly footerKey: Uint8Array | undefined
  readonly columnKeys: ReadonlyMap<string, Uint8Array>
  /** By the description that files have of them, as `descriptionOf` makes a text of it. Grows while the function is asked. */
  readonly described: Map<string, Uint8Array>
  readonly aadPrefix: Uint8Array | undefined
  readonly verifyFooter: boolean
  readonly allowPlaintext: boolean
}

const finders = new WeakMap<KeySet, ParquetKeyFinder>()
const keySets = new WeakMap<ParquetDecryption, KeySet>()

/** Takes keys out of sight, for a plan. */
export function hideKeys(decryption: ParquetDecryption): Hidden<ParquetDecryption, KeySet> {
  return new Hidden(decryption, value => keySetOf(value, 'read.parquet'))
}

/** The keys behind a reference in a plan. Throws PlanError KEY, SECRET, KEYS_GONE. */
export function revealKeys(reference: HiddenReference, where: string): KeySet {
  const value = hiddenValue(reference)
  if (value === undefined) throw new PlanError('KEYS_GONE', `${where}: the plan has keys of another process, which are in no plan; build the frame in this one`)
  return reference instanceof Hidden ? keySetOf(value as ParquetDecryption, where) : (value as KeySet)
}

/** The keys as bytes, made once. Throws PlanError KEY, SECRET. */
export function keySetOf(decryption: ParquetDecryption, where: string): KeySet {
  if (typeof decryption !== 'object' || decryption === null) throw new PlanError('KEY', `${where}: decryption is no object; give { footerKey, columnKeys } or { keys }`)
  const known = keySets.get(decryption)
  if (known) return known
  checkNames(decryption, ['footerKey', 'columnKeys', 'keys', 'aadPrefix', 'verifyFooter', 'allowPlaintext'], `${where}, decryption`)
  const { footerKey, columnKeys = {}, keys = {}, aadPrefix, verifyFooter = true, allowPlaintext = false } = decryption
  const described = typeof keys === 'function' ? [] : Object.entries(keys).map(([name, key]) => [descriptionOf(new TextEncoder().encode(name)), keyBytes(key, `${where}, the key ${JSON.stringify(name)}`)] as const)
  const set: KeySet = {
    footerKey: footerKey === undefined ? undefined : keyBytes(footerKey, `${where}, footerKey`),
    columnKeys: columnKeyBytes(columnKeys, where),
    described: new Map(described),
    aadPrefix: aadPrefix === undefined ? undefined : prefixBytes(aadPrefix, where),
    verifyFooter,
    allowPlaintext,
  }
  if (typeof keys === 'function') finders.set(set, keys)
  keySets.set(decryption, set)
  return set
}

/** Keys of columns as bytes, by name or path. Throws PlanError KEY, SECRET. */
export function columnKeyBytes(columnKeys: Readonly<Record<string, ParquetKey>>, where: string): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(columnKeys).map(([name, key]) => [name, keyBytes(key, `${where}, the key of column "${name}"`)]))
}

/** What files are bound to, as bytes. Throws PlanError KEY. */
export function prefixBytes(prefix: string | Uint8Array, where: string): Uint8Array {
  if (typeof prefix === 'string') return new TextEncoder().encode(prefix)
  if (prefix instanceof Uint8Array) return prefix.slice()
  throw new PlanError('KEY', `${where}: aadPrefix is ${typeof prefix}; give text or bytes`)
}

/** Refuses options that there aren't: a misspelt key would otherwise be none. */
export function checkNames(options: object, names: readonly string[], where: string): void {
  const odd = Object.keys(options).find(name => !names.includes(name))
  if (odd !== undefined) throw new PlanError('KEY', `${where}: there is no ${JSON.stringify(odd)}; there are ${names.join(', ')}`)
}

/** A key's bytes, a copy. Text of hex digits is hex, other text base64. Throws PlanError KEY, SECRET; a message never holds what was given. */
export function keyBytes(key: ParquetKey, where: string): Uint8Array {
  if (key instanceof Uint8Array) {
    if (isKeySize(key.byteLength)) return new Uint8Array(key)
    throw new PlanError('KEY', `${where}: it has ${key.byteLength} bytes; an AES key has 16, 24 or 32`)
  }
  const isSecret = typeof key === 'object' && key !== null && typeof key.secret === 'string'
  if (typeof key !== 'string' && !isSecret) throw new PlanError('KEY', `${where}: it is ${key === null ? 'null' : typeof key}; give bytes, hex or base64 text, or a secret()`)
  const text = reveal(key, where).trim()
  const bytes = /^[0-9a-f]+$/i.test(text) && [32, 48, 64].includes(text.length) ? fromHex(text) : fromBase64(text)
  if (bytes && isKeySize(bytes.byteLength)) return bytes
  throw new PlanError('KEY', `${where}: the text has ${text.length} characters, and is no 16, 24 or 32 bytes as hex or base64; make one by: openssl rand -hex 16`)
}

function isKeySize(bytes: number): boolean {
  return bytes === 16 || bytes === 24 || bytes === 32
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Key metadata as a text: a byte a character. */
export function descriptionOf(keyMetadata: Uint8Array): string {
  return Array.from(keyMetadata, byte => String.fromCharCode(byte)).join('')
}

/** Whether there is a function that may yet find keys. */
export function hasFinder(keys: KeySet): boolean {
  return finders.has(keys)
}

/** Asks the function for the key that is described, unless it is known. Throws ConnectorError KEY_FINDER, PlanError KEY. */
export async function findKey(keys: KeySet, keyMetadata: Uint8Array | undefined, where: string): Promise<void> {
  const finder = finders.get(keys)
  if (!finder || keyMetadata === undefined || keys.described.has(descriptionOf(keyMetadata))) return
  keep(keys, keyMetadata, await asked(() => finder(keyMetadata.slice()), where), where)
}

/** The key that is described, from a function that gives it at once where it isn't known. Throws PlanError KEYS_LATER where the function gives a promise. */
export function describedKey(keys: KeySet, keyMetadata: Uint8Array | undefined, where: string): Uint8Array | undefined {
  if (keyMetadata === undefined) return undefined
  const known = keys.described.get(descriptionOf(keyMetadata))
  const finder = finders.get(keys)
  if (known || !finder) return known
  let key: ReturnType<ParquetKeyFinder>
  try {
    key = finder(keyMetadata.slice())
  } catch (thrown) {
    throw finderError(thrown, where)
  }
  if (key instanceof Promise) {
    key.catch(() => {})
    throw new PlanError('KEYS_LATER', `${where}: the function for keys gives a promise, which can't be waited for here; run the frame, or give keys that are there at once`)
  }
  return keep(keys, keyMetadata, key, where)
}

async function asked(find: () => ReturnType<ParquetKeyFinder>, where: string): Promise<ParquetKey | undefined> {
  try {
    return await find()
  } catch (thrown) {
    throw finderError(thrown, where)
  }
}

function finderError(thrown: unknown, where: string): ConnectorError {
  return new ConnectorError('KEY_FINDER', `${where}: the function for keys failed: ${asError(thrown).message}; see that it has access to the key`, { cause: thrown })
}

function keep(keys: KeySet, keyMetadata: Uint8Array, key: ParquetKey | undefined, where: string): Uint8Array | undefined {
  if (key === undefined) return undefined
  const bytes = keyBytes(key, `${where}: what the function for keys gave`)
  keys.described.set(descriptionOf(keyMetadata), bytes)
  return bytes
}
