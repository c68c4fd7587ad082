// What is wrong with a file, and where: collected up to a limit, counted beyond it.
import { asError, CancelledError, MillraceError } from '../../base/errors.ts'

/** Where in a file. Rows and lines count from 1, all others from 0; bytes of packed text are those of the text. */
export interface Place {
  readonly rowGroup?: number
  readonly batch?: number
  readonly column?: string
  readonly row?: number
  readonly line?: number
  readonly byte?: number
}

/** A problem of a file. */
export interface Problem extends Place {
  readonly code: string
  readonly message: string
}

/** What was found in a file. */
export interface FileReport {
  readonly file: string
  readonly rows: number
  readonly count: number
  /** The first ones. */
  readonly problems: readonly Problem[]
  /** What could not be looked at, though it may be right: types that Millrace doesn't have. */
  readonly unchecked: readonly string[]
}

/** Takes the problems of one file. */
export class Problems {
  readonly file: string
  readonly #limit: number
  readonly #kept: Problem[] = []
  readonly #unchecked: string[] = []
  readonly #seen = new Set<string>()
  #count = 0
  rows = 0

  constructor(file: string, limit: number) {
    this.file = file
    this.#limit = limit
  }

  add(code: string, message: string, place: Place = {}): void {
    this.#count++
    if (this.#kept.length < this.#limit) this.#kept.push({ code, message, ...place })
  }

  /** Further problems that are only counted. */
  count(more: number): void {
    this.#count += more
  }

  /** Runs a check. What it throws is a problem; the same words at the same place are told once. Rethrows what isn't about the file. */
  catch(place: Place, check: () => void): void {
    try {
      check()
    } catch (thrown) {
      this.addError(asError(thrown), place)
    }
  }

  /** A reader's error: its words without the file's name, the byte out of them. */
  addError(error: Error, place: Place = {}): void {
    if (!(error instanceof MillraceError) || error instanceof CancelledError || !isAboutData(error)) throw error
    const words = this.#withoutFile(error.message)
    if (this.#seen.has(words)) return
    this.#seen.add(words)
    const byte = /\bbyte (\d+)\b/.exec(error.message)?.[1]
    const line = /\bline (\d+)\b/.exec(error.message)?.[1]
    this.add(error.code, words, { ...place, ...(line !== undefined && { line: Number(line) }), ...(byte !== undefined && { byte: Number(byte) }) })
  }

  /** Notes what can't be checked. */
  skip(what: string): void {
    if (!this.#unchecked.includes(what)) this.#unchecked.push(what)
  }

  report(): FileReport {
    return { file: this.file, rows: this.rows, count: this.#count, problems: this.#kept, unchecked: this.#unchecked }
  }

  #withoutFile(message: string): string {
    const at = message.indexOf(this.file)
    return at < 0 ? message : message.slice(at + this.file.length).replace(/^[\s,:]+/, '')
  }
}

// A schema that doesn't fit the file is a plan's error where rows are computed; here it is what was asked about.
function isAboutData(error: MillraceError): boolean {
  return error.name === 'DataError' || error.code === 'SCHEMA_MISMATCH'
}
