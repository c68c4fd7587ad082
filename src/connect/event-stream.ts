// Server-sent events (HTML Living Standard, 9.2): lines of text that make events, each with data and perhaps an id, which a client that comes back names.
import { DataError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'

/** An event. */
export interface ServerEvent {
  readonly type: string
  readonly data: string
  /** The last id that was given, by this event or one before. */
  readonly id: string
}

/** Makes events of bytes as they come. */
export class EventStreamParser {
  readonly #eventBytesMax: number
  readonly #where: string
  readonly #decoder = new TextDecoder()
  #text = ''
  /** Characters of it among which no line ends. */
  #looked = 0
  #isFirst = true
  #afterReturn = false
  #type = ''
  #data: string[] = []
  #dataLength = 0
  #id: string
  /** How long to wait before coming back, where the server has said so. */
  retryMs: number | undefined

  constructor(lastId: string, eventBytesMax: number, where: string) {
    this.#id = lastId
    this.#eventBytesMax = eventBytesMax
    this.#where = where
  }

  /** The events that end within these bytes. What a connection that breaks off leaves of an event is none. Throws DataError EVENT_TOO_LONG. */
  write(bytes: Uint8Array): ServerEvent[] {
    this.#text += this.#decoder.decode(bytes, { stream: true })
    if (this.#isFirst && this.#text.length > 0) {
      if (this.#text.startsWith('\ufeff')) this.#text = this.#text.slice(1)
      this.#isFirst = false
    }
    const events: ServerEvent[] = []
    let start = 0
    for (let at = this.#looked; at < this.#text.length; at++) {
      const char = this.#text[at]
      if (char === '\n' && this.#afterReturn) start = at + 1
      else if (char === '\n' || char === '\r') {
        this.#line(this.#text.slice(start, at), events)
        start = at + 1
      }
      this.#afterReturn = char === '\r'
    }
    this.#text = this.#text.slice(start)
    this.#looked = this.#text.length
    if (this.#text.length + this.#dataLength > this.#eventBytesMax)
      throw new DataError('EVENT_TOO_LONG', `${this.#where}: an event has more than ${formatBytes(this.#eventBytesMax)} and no end so far; raise eventBytes if it is meant`)
    return events
  }

  #line(line: string, events: ServerEvent[]): void {
    if (line === '') return this.#end(events)
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') {
      this.#data.push(value)
      this.#dataLength += value.length + 1
    } else if (name === 'event') this.#type = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }

  #end(events: ServerEvent[]): void {
    if (this.#data.length > 0) events.push({ type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id })
    this.#type = ''
    this.#data = []
    this.#dataLength = 0
  }
}
