// A file behind an http(s) address as a local one, for commands that read all of it: piece by piece into a temporary file.
import { namedFiles } from '../frame/file-input.ts'
import { fetchedFile, openSources } from '../source/fetched-files.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import type { FileFormat } from './file-format.ts'
import { type SpooledInput, spoolInput } from './standard-input.ts'

const pieceBytes = 4 << 20

/** Fetches a file. `where` is the command, for messages. Throws ConnectorError, DataError, CancelledError. Memory: a piece. */
export async function downloadFile(address: string, format: FileFormat, http: HttpOptions | undefined, where: string, signal: AbortSignal): Promise<SpooledInput> {
  const { paths, sources } = namedFiles(address, http, where)
  const opened = await openSources(format, {}, sources, signal, where)
  try {
    const file = fetchedFile(paths[0]!, opened.set)!
    return await spoolInput(piecesOf(file), format, signal)
  } finally {
    opened.close()
  }
}

async function* piecesOf(file: { readonly size: number; read(start: number, end: number): Promise<Uint8Array> }): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += pieceBytes) yield await file.read(at, Math.min(file.size, at + pieceBytes))
}
