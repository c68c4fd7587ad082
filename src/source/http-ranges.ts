// A file behind http(s), by ranges (RFC 9110, 14): the first request asks for a range and learns the size; each further one says which version of the file it goes on with
// (If-Range), so that a file that changes in between is an error and never a mixture. A server that ignores ranges sends the whole file, which is taken up to a limit.
// What failed and may work the next time (5xx, 408, 429, broken connections, silence, cut bodies) is asked for again, later each time.
import { type Clock, within } from '../base/clock.ts'
import { asError, CancelledError, ConnectorError, DataError, MillraceError, PlanError } from '../base/errors.ts'
import type { SecretLike } from '../base/secret.ts'
import { sentHeaders } from '../connect/http-headers.ts'
import { inPage } from '../device/machine.ts'
import { type Duration, formatBytes, parseBytes, parseDuration } from '../base/units.ts'
import type { FilePart, OpenSource, RangeSource } from './range-source.ts'

/** Options of reading from http(s). */
export interface HttpOptions {
  /** Sent with each request, but not to other origins that it is led to. Here credentials belong: they appear in no plan and no message. */
  readonly headers?: Readonly<Record<string, SecretLike>>
  /** How long a server may be silent; '30s' unless said. */
  readonly timeout?: Duration
  /** How often a request is made that fails; 4 unless said, after 0.2 s, 0.4 s, 0.8 s. */
  readonly attempts?: number
  /** The most bytes of a file whose server sends no ranges; '64MiB' unless said. */
  readonly wholeBytesMax?: number | string
}

const retried = new Set([408, 425, 429, 500, 502, 503, 504, 507, 509])
const redirects = new Set([301, 302, 303, 307, 308])
const redirectsMax = 5
const backoffMs = 200
const backoffMsMax = 10_000
const attemptsMax = 100

/** A file behind an address. Throws PlanError HTTP_OPTIONS. */
export function httpSource(url: URL, name: string, options: HttpOptions, clock: Clock, where: string): RangeSource {
  if (url.username !== '' || url.password !== '') throw new PlanError('HTTP_OPTIONS', `${where}: ${name}: the address holds a user or password; pass them as http: { headers: { authorization: secret('…') } }`)
  const { attempts = 4, headers = {} } = options
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > attemptsMax) throw new PlanError('HTTP_OPTIONS', `${where}: http.attempts is ${String(attempts)}; give a whole number from 1 to ${attemptsMax}`)
  const timeoutMs = parseDuration(options.timeout ?? '30s', `${where}: http.timeout`)
  const wholeBytesMax = parseBytes(options.wholeBytesMax ?? '64MiB', `${where}: http.wholeBytesMax`)
  return { name, open: (first, signal) => new HttpFile({ url, name, attempts, timeoutMs, wholeBytesMax, clock, headers: sentHeaders(headers, `${where}: http.headers`), signal }).open(first) }
}

interface Access {
  readonly url: URL
  readonly name: string
  readonly headers: Headers
  readonly attempts: number
  readonly timeoutMs: number
  readonly wholeBytesMax: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What a server says of the bytes that it sends. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** May work the next time. */
class Passing extends ConnectorError {}

class HttpFile {
  readonly #access: Access
  #size = 0
  /** What tells this version of the file from others. */
  #tag: { readonly etag: string | null; readonly modified: string | null } = { etag: null, modified: null }

  constructor(access: Access) {
    this.#access = access
  }

  async open(first: { at: 'start' | 'end'; bytes: number }): Promise<OpenSource> {
    const { name } = this.#access
    let answer = await this.#ask(first.at === 'end' ? `bytes=-${first.bytes}` : `bytes=0-${first.bytes - 1}`, first.bytes, true)
    // Some servers know no ranges that count from the end; of an empty file there is no range.
    if (answer.status !== 200 && answer.status !== 206 && sizeOf(answer) !== 0 && first.at === 'end') answer = await this.#ask(`bytes=0-${first.bytes - 1}`, first.bytes, true)
    if (answer.status === 416 && sizeOf(answer) === 0) return this.#opened([])
    if (answer.status === 200) {
      this.#size = answer.bytes.byteLength
      return { size: this.#size, parts: [{ start: 0, bytes: answer.bytes }], read: async (start, end) => answer.bytes.subarray(start, end) }
    }
    const range = this.#rangeOf(answer)
    const isFirst = range.start === 0 && range.end === Math.min(range.size, first.bytes)
    const isLast = first.at === 'end' && range.end === range.size && range.start === Math.max(0, range.size - first.bytes)
    if (!isFirst && !isLast) throw new DataError('HTTP_RANGE', `${name}: the server answers with the bytes ${range.start} to ${range.end} of ${range.size}, which were not asked for; it is broken, or something between is`)
    this.#size = range.size
    const modified = answer.headers.get('last-modified')
    this.#tag = { etag: answer.headers.get('etag'), modified }
    return this.#opened([{ start: range.start, bytes: answer.bytes }])
  }

  #opened(parts: readonly FilePart[]): OpenSource {
    return { size: this.#size, parts, read: (start, end) => this.#read(start, end) }
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    const { name } = this.#access
    const answer = await this.#ask(`bytes=${start}-${end - 1}`, end - start, false)
    if (answer.status === 200 || answer.status === 412 || answer.status === 416) throw this.#changed(answer.status === 416 ? 'it has no such bytes any more' : 'the server sends another version')
    const range = this.#rangeOf(answer)
    const [etag, modified] = [answer.headers.get('etag'), answer.headers.get('last-modified')]
    if (range.size !== this.#size) throw this.#changed(`it had ${this.#size} bytes, it has ${range.size}`)
    if (etag !== null && this.#tag.etag !== null ? etag !== this.#tag.etag : modified !== null && this.#tag.modified !== null && modified !== this.#tag.modified) throw this.#changed('its ETag or its date is another')
    if (range.start === start && range.end === end) return answer.bytes
    throw new DataError('HTTP_RANGE', `${name}: the server answers with the bytes ${range.start} to ${range.end} instead of ${start} to ${end}; it is broken, or something between is`)
  }

  #changed(how: string): DataError {
    return new DataError('FILE_CHANGED', `${this.#access.name}: the file changed while it was read: ${how}; read it again`)
  }

  #rangeOf({ status, headers }: Answer): { start: number; end: number; size: number } {
    const { name } = this.#access
    if (status !== 206) throw refusal(name, status)
    const said = headers.get('content-range') ?? ''
    const [, first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(said) ?? []).map(Number) as number[]
    if (first !== undefined && Number.isSafeInteger(size) && first <= last! && last! < size!) return { start: first, end: last! + 1, size: size! }
    throw new DataError('HTTP_RANGE', `${name}: the server answers 206 with Content-Range ${JSON.stringify(said.slice(0, 100))}, which is no range; in a page, the server must list it in Access-Control-Expose-Headers`)
  }

  // One range of at most so many bytes, asked for until it comes; `takesWhole`: the whole file will do, too.
  async #ask(range: string, bytes: number, takesWhole: boolean): Promise<Answer> {
    const { attempts, clock, signal } = this.#access
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw cancelled(signal, this.#access.name)
      try {
        return await this.#once(range, bytes, takesWhole)
      } catch (thrown) {
        if (signal.aborted) throw cancelled(signal, this.#access.name)
        if (!(thrown instanceof Passing)) throw thrown
        if (attempt >= attempts) throw new ConnectorError(thrown.code, `${thrown.message}; ${attempts === 1 ? 'it was tried once' : `it was tried ${attempts} times`}`, { retryable: true })
        await clock.sleep(Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1)), signal)
      }
    }
  }

  async #once(range: string, bytes: number, takesWhole: boolean): Promise<Answer> {
    const { name, timeoutMs, clock, signal } = this.#access
    const abort = new AbortController()
    const cancel = () => abort.abort()
    signal.addEventListener('abort', cancel, { once: true })
    const timely = async <T>(promise: Promise<T>): Promise<T> => {
      promise.catch(() => {})
      const got = await within(clock, timeoutMs, promise.then(value => ({ value })))
      if (!got) throw new Passing('HTTP_TIMEOUT', `${name}: the server was silent for ${timeoutMs} ms`)
      return got.value
    }
    try {
      const response = await timely(this.#send(range, abort.signal))
      if (retried.has(response.status)) throw new Passing('HTTP_STATUS', `${name}: the server answered ${response.status}`)
      const hasBytes = response.status === 206 || (response.status === 200 && takesWhole)
      return { status: response.status, headers: response.headers, bytes: hasBytes ? await this.#body(response, bytes, timely) : new Uint8Array(0) }
    } catch (thrown) {
      if (thrown instanceof MillraceError) throw thrown
      // Not the cause itself: it may name the whole address.
      const { code } = (asError(thrown).cause ?? {}) as { code?: unknown }
      throw new Passing('HTTP_FAILED', `${name}: the connection failed (${typeof code === 'string' ? code : asError(thrown).name})`)
    } finally {
      signal.removeEventListener('abort', cancel)
      abort.abort()
    }
  }

  // Redirects are followed here where that can be, so that headers don't go to others.
  async #send(range: string, signal: AbortSignal): Promise<Response> {
    const { name, url, headers } = this.#access
    const { etag, modified } = this.#tag
    const version = etag !== null && !etag.startsWith('W/') ? etag : etag === null ? modified : null
    for (let [at, hop] = [url, 0]; ; hop++) {
      const sent = new Headers(at.origin === url.origin ? headers : undefined)
      sent.set('range', range)
      if (version !== null) sent.set('if-range', version)
      if (inPage) return fetch(at, { headers: sent, signal })
      const response = await fetch(at, { headers: sent, signal, redirect: 'manual' })
      const location = redirects.has(response.status) ? response.headers.get('location') : null
      if (location === null) return response
      if (hop === redirectsMax) throw new ConnectorError('HTTP_REDIRECT', `${name}: the server leads on to other addresses, ${redirectsMax} times so far; check the address`)
      await response.body?.cancel()
      const next = URL.canParse(location, at) ? new URL(location, at) : undefined
      if (!next || !/^https?:$/.test(next.protocol)) throw new ConnectorError('HTTP_REDIRECT', `${name}: the server leads on to what is no http(s) address; check the address`)
      at = next
    }
  }

  // The bytes that a 206 promises by its range, or all of a 200 up to the limit.
  async #body(response: Response, bytes: number, timely: <T>(promise: Promise<T>) => Promise<T>): Promise<Uint8Array> {
    const { name, wholeBytesMax } = this.#access
    const isRange = response.status === 206
    const range = isRange ? this.#rangeOf({ status: 206, headers: response.headers, bytes: new Uint8Array(0) }) : undefined
    const promised = range ? range.end - range.start : lengthOf(response)
    if (range && promised! > bytes) throw new DataError('HTTP_RANGE', `${name}: the server answers with ${promised} bytes, ${bytes} were asked for; it is broken, or something between is`)
    if (!range && (promised ?? 0) > wholeBytesMax) throw tooLarge(name, promised!, wholeBytesMax)
    const max = range ? promised! : wholeBytesMax
    const parts: Uint8Array[] = []
    let count = 0
    const reader = response.body?.getReader()
    for (let part = reader && (await timely(reader.read())); part && !part.done; part = await timely(reader!.read())) {
      parts.push(part.value)
      count += part.value.byteLength
      if (count > max) throw range ? new Passing('HTTP_LENGTH', `${name}: more bytes came than the ${promised} that the server promised`) : tooLarge(name, count, wholeBytesMax)
    }
    if (promised !== undefined && count !== promised) throw new Passing('HTTP_LENGTH', `${name}: ${count} bytes came of the ${promised} that the server promised`)
    return joined(parts, count)
  }
}

function cancelled(signal: AbortSignal, name: string): Error {
  return signal.reason instanceof MillraceError ? signal.reason : new CancelledError(name)
}

function refusal(name: string, status: number): ConnectorError {
  if (status === 401 || status === 403) return new ConnectorError('HTTP_DENIED', `${name}: the server refuses it (${status}); pass what it asks for as http: { headers: { … } }`)
  if (status === 404 || status === 410) return new ConnectorError('FILE_MISSING', `${name}: there is no such file (${status}); check the address`)
  return new ConnectorError('HTTP_STATUS', `${name}: the server answered ${status}, which is neither the file nor a part of it; check the address`)
}

function tooLarge(name: string, bytes: number, max: number): ConnectorError {
  return new ConnectorError('HTTP_RANGES', `${name}: the server sends no ranges, and the file has ${formatBytes(bytes)} or more, the limit for a whole one is ${formatBytes(max)}; use a server that knows ranges, download the file, or raise http.wholeBytesMax`)
}

// What the server says of an unpacked body; of one that fetch unpacks it says something else.
function lengthOf(response: Response): number | undefined {
  const said = response.headers.get('content-length')
  return said !== null && /^\d+$/.test(said) && response.headers.get('content-encoding') === null ? Number(said) : undefined
}

// The size that stands behind the slash where a range can't be satisfied.
function sizeOf({ status, headers }: Answer): number | undefined {
  const size = status === 416 ? /^bytes \*\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : undefined
  return size === undefined ? undefined : Number(size)
}

function joined(parts: readonly Uint8Array[], count: number): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const all = new Uint8Array(count)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}
