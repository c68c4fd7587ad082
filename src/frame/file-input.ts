// What users name a file by: a path, a web address, a Blob or File of a page, bytes, or a reader of their own. Paths stay paths; of all others the plan holds a
// name, and where the bytes come from is bound to it.
import { systemClock } from '../base/clock.ts'
import { PlanError } from '../base/errors.ts'
import { addressName } from '../connect/http-headers.ts'
import { inPage } from '../device/machine.ts'
import type { FileSources } from '../source/fetched-files.ts'
import { type HttpOptions, httpSource } from '../source/http-ranges.ts'
import { StreamedSource } from '../source/streamed-source.ts'
import { blobSource, type ByteReader, bytesSource, type RangeSource, readerSource } from '../source/range-source.ts'

/**
 * A file, as readers take it: a path (a file, directory or pattern), an http(s) address, a Blob or File, bytes, or a reader of one's own. In a page every text is an
 * address, relative to the page's.
 */
export type FileInput = string | URL | Blob | ArrayBuffer | Uint8Array | ByteReader

/** Paths and names, and the sources of the names. */
export interface NamedFiles {
  readonly paths: readonly string[]
  readonly sources: FileSources
}

/** The files of a reader. Throws PlanError FILE_INPUT, HTTP_OPTIONS. */
export function namedFiles(files: FileInput | StreamedSource | readonly FileInput[], http: HttpOptions | undefined, where: string): NamedFiles {
  const sources = new Map<string, RangeSource>()
  const paths = (Array.isArray(files) ? (files as readonly FileInput[]) : [files as FileInput | StreamedSource]).map(file => {
    const found = sourceOf(file, http, where)
    if (typeof found === 'string') return found
    let name = found.name
    for (let i = 2; sources.has(name); i++) name = `${found.name} (${i})`
    sources.set(name, found.source(name))
    return name
  })
  return { paths, sources }
}

interface Nameable {
  readonly name: string
  source(name: string): RangeSource
}

function sourceOf(file: FileInput | StreamedSource, http: HttpOptions | undefined, where: string): string | Nameable {
  if (file instanceof StreamedSource) return { name: file.name, source: () => file }
  if (typeof file === 'string' || file instanceof URL) {
    const url = addressOf(file, where)
    return url ? { name: addressName(url), source: name => httpSource(url, name, http ?? {}, systemClock, where) } : String(file)
  }
  if (typeof Blob !== 'undefined' && file instanceof Blob) return { name: (file as Partial<File>).name || 'a Blob', source: name => blobSource(file, name) }
  if (file instanceof ArrayBuffer) return { name: 'bytes', source: name => bytesSource(new Uint8Array(file), name) }
  if (file instanceof Uint8Array) return { name: 'bytes', source: name => bytesSource(file, name) }
  const reader = file as ByteReader
  if (typeof reader === 'object' && reader !== null && typeof reader.read === 'function') return { name: typeof reader.name === 'string' && reader.name !== '' ? reader.name : 'a reader', source: name => readerSource(reader, name) }
  throw new PlanError('FILE_INPUT', `${where}: ${file === null ? 'null' : typeof file} is no file; give a path, an http(s) address, a Blob or File, bytes, or { size, read(offset, length) }`)
}

// Undefined of a path.
function addressOf(file: string | URL, where: string): URL | undefined {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  const page = inPage ? (document?.baseURI ?? location?.href) : undefined
  if (typeof file === 'string' && page === undefined && !/^https?:\/\//i.test(file)) return undefined
  const url = URL.canParse(String(file), page) ? new URL(String(file), page) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new PlanError('FILE_INPUT', `${where}: ${url ? addressName(url) : JSON.stringify(file)} is no http(s) address; give one, or a path as text`)
}
