// Sinks inside the program: a function for each row, and lines on the console.
import { fitWidth, printable, textWidth } from '../base/text-width.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { isNumeric } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import { visible } from '../batch/schema.ts'
import type { UserSink } from '../sink/user-sink.ts'
import { cellText } from './cell-text.ts'
import type { SinkLike } from './node.ts'

/** What a row is: new, the row before or after an update, or deleted. */
export type RowChange = '+I' | '-U' | '+U' | '-D'
const changeNames: readonly RowChange[] = ['+I', '-U', '+U', '-D']

const bound = (definition: UserSink): SinkLike => ({ sink: 'user', options: null, bound: definition })

/** Options of `write.each`. */
export interface WriteEachOptions {
  /** Takes rows that change earlier ones, too, one by one. */
  readonly changes?: boolean
}

/** What is called with a row: an object by the columns' names. The compiler doesn't know which. */
export type EachRow = (row: Record<string, any>, at: { readonly epoch: number; readonly change: RowChange }) => unknown

/** The sink of `write.each`. */
export function eachSink(act: EachRow, { changes = false }: WriteEachOptions): SinkLike {
  return bound({
    name: 'each',
    delivery: 'append',
    changes,
    async write(batch, { epoch }) {
      const kinds = batch.changes
      let index = 0
      for (const row of batch.rows()) {
        const answer = act(row, { epoch, change: changeNames[kinds?.[index++] ?? 0]! })
        // Waiting for what isn't awaited would cost a turn a row.
        if (answer instanceof Promise) await answer
      }
    },
  })
}

/** Where lines go: a process's streams are such. */
export interface LineStream {
  write(text: string): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Options of `write.console`. */
export interface WriteConsoleOptions {
  /** The most rows that are shown; the others are counted. All unless said. */
  readonly rows?: number
  /** Standard output unless said. */
  readonly stream?: LineStream
}

/** The sink of `write.console`. */
export function consoleSink({ rows = Number.POSITIVE_INFINITY, stream }: WriteConsoleOptions): SinkLike {
  const lines = new ConsoleLines(rows, stream)
  return bound({ name: 'console', delivery: 'append', changes: true, open: () => lines.begin(), write: batch => lines.write(batch), close: () => lines.end() })
}

const gap = '  '
const widthDefault = 20

// Columns keep their width but where a value needs more; on a terminal lines are cut to it.
class ConsoleLines {
  readonly #rowsMax: number
  readonly #stream: LineStream | undefined
  #widths: number[] | undefined
  #rows = 0

  constructor(rowsMax: number, stream: LineStream | undefined) {
    this.#rowsMax = rowsMax
    this.#stream = stream
  }

  begin(): void {
    this.#widths = undefined
    this.#rows = 0
  }

  async write(view: BatchView): Promise<void> {
    const { batch, device, changes } = view
    const shown = Math.min(batch.rowCount, Math.max(0, this.#rowsMax - this.#rows))
    this.#rows += batch.rowCount
    if (shown === 0) return
    const fields = visible(batch.fields)
    const columns = fields.map(({ name, type }) => {
      const column = batch.columns[batch.fields.findIndex(field => field.name === name)]!
      const [read, show] = [valueReader(device.memory, column), cellText(type)]
      const cell = (row: number) => {
        const value = read(row)
        return value === null ? 'null' : printable(show(value))
      }
      return { name: printable(name), isRight: isNumeric(type), cells: Array.from({ length: shown }, (_, row) => cell(row)) }
    })
    if (changes) columns.unshift({ name: '', isRight: false, cells: Array.from({ length: shown }, (_, row) => changeNames[changes[row]!]!) })
    await this.#put(columns, shown)
  }

  async end(): Promise<void> {
    const more = this.#rows - this.#rowsMax
    if (more > 0) await this.#send(`… ${more.toLocaleString('en-US')} more rows\n`)
    this.begin()
  }

  async #put(columns: readonly { readonly name: string; readonly isRight: boolean; readonly cells: readonly string[] }[], count: number): Promise<void> {
    const isFirst = this.#widths === undefined
    this.#widths = columns.map(({ name, cells }, i) => Math.max(this.#widths?.[i] ?? Math.min(textWidth(name), widthDefault), ...[...cells, ...(isFirst ? [name] : [])].map(textWidth)))
    const place = (text: string, i: number) => {
      const blank = ' '.repeat(Math.max(0, this.#widths![i]! - textWidth(text)))
      return columns[i]!.isRight ? blank + text : text + blank
    }
    const stream = this.#stream ?? standardOutput()
    const fit = (line: string) => (stream?.isTTY && stream.columns ? fitWidth(line, stream.columns) : line)
    const line = (texts: readonly string[]) => fit(texts.map(place).join(gap).trimEnd())
    const head = isFirst ? [line(columns.map(({ name }) => name))].map(text => (stream?.isTTY ? `\u001b[1m${text}\u001b[22m` : text)) : []
    const rows = Array.from({ length: count }, (_, row) => line(columns.map(({ cells }) => cells[row]!)))
    await this.#send(`${[...head, ...rows].join('\n')}\n`)
  }

  async #send(text: string): Promise<void> {
    const stream = this.#stream ?? standardOutput()
    if (!stream) console.log(text.trimEnd())
    else if (!stream.write(text)) {
      await new Promise<void>(resolve => {
        stream.once('drain', resolve)
        stream.once('close', resolve)
      })
    }
  }
}

// Asked for only when there is something to say: a process's streams load what they are made of.
function standardOutput(): LineStream | undefined {
  return typeof process === 'undefined' ? undefined : process.stdout
}
