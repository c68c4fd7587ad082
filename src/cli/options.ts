// Options that several commands have, and reading the values of options.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { formatNames } from './file-format.ts'

/** The flags of every command that reads files, as commander gives them: the format, keys of encrypted Parquet, headers for web addresses. What they mean: `input-options.ts`. */
export interface InputFlags {
  readonly from?: string
  readonly decryptionKeys?: string
  readonly httpHeaders?: string
}

/** Adds --from, --decryption-keys and --http-headers to a command. */
export function addInputOptions(command: Command, from = 'the format, where the ending does not tell'): Command {
  return command
    .addOption(formatOption('--from <format>', from))
    .option('--decryption-keys <file>', 'of encrypted parquet: a JSON file such as {"footerKey": "<hex>", "columnKeys": {"price": {"secret": "PRICE_KEY"}}}')
    .option('--http-headers <file>', 'of http(s) addresses: a JSON file of headers to send, such as {"authorization": {"secret": "API_TOKEN"}}')
}

/** An option whose value is a format's name; completed by the shell, checked where the file is opened. */
export function formatOption(flags: string, description: string): Option {
  return wordOption(flags, description, formatNames)
}

/** An option whose usual values are known, shown by help and completed by the shell; the command checks them. */
export function wordOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words).argParser(text => text)
}

/** A parser of whole numbers in [min, max], for commander. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const number = Number(text)
    if (/^[\d.e+]+$/i.test(text) && Number.isSafeInteger(number) && number >= min && number <= max) return number
    throw new InvalidArgumentError(max === Number.MAX_SAFE_INTEGER ? `give a whole number of at least ${min}` : `give a whole number from ${min} to ${max}`)
  }
}

/** Rows [from, to), counted from 0. */
export type RowSpan = readonly [from: number, to: number]

/** A parser of spans of rows, for commander: 1000:2000, 1000: to the end, :10. */
export function rowSpan(text: string): RowSpan {
  const match = /^(\d*):(\d*)$/.exec(text.trim())
  const span: RowSpan = [Number(match?.[1] || 0), match?.[2] ? Number(match[2]) : Number.MAX_SAFE_INTEGER]
  if (match && text.trim() !== ':' && span.every(Number.isSafeInteger) && span[0] <= span[1]) return span
  throw new InvalidArgumentError('give the first row and that behind the last, counted from 0, as in 1000:2000, 1000: or :10')
}

/** A parser of a number of rows, or of a span of them, for commander. */
export function countOrSpan(countMax: number): (text: string) => number | RowSpan {
  const count = wholeNumber(0, countMax)
  return text => (text.includes(':') ? rowSpan(text) : count(text))
}

/** A parser of finite numbers from 0, for commander. */
export function numberFromZero(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number
  throw new InvalidArgumentError('give a number of at least 0, such as 1e-6')
}

/** A parser of names separated by commas, for commander. */
export function nameList(text: string): string[] {
  const names = text.split(',').map(name => name.trim())
  if (names.some(name => name === '')) throw new InvalidArgumentError('give names separated by commas, as in a,b,c')
  return names
}

/** A parser of pairs of names, for commander: a=b,c=d. */
export function namePairs(text: string): Record<string, string> {
  const pairs = nameList(text).map(pair => pair.split('=').map(name => name.trim()))
  if (pairs.some(pair => pair.length !== 2 || pair.includes(''))) throw new InvalidArgumentError('give pairs separated by commas, as in a=b,c=d')
  return Object.fromEntries(pairs as [string, string][])
}

/** A name and the word behind its colon, where there is one. */
export interface WordPair {
  readonly name: string
  readonly word?: string
}

/** A parser of names with words behind them, for commander: a,b:plain. A name with commas or colons stands in double quotes. */
export function namedWords(text: string): WordPair[] {
  const pairs = splitOutside(text, ',').map((part): WordPair => {
    const [name = '', ...rest] = splitOutside(part, ':')
    return { name: name.trim().replace(/^"(.*)"$/s, '$1'), ...(rest.length > 0 && { word: rest.join(':').trim() }) }
  })
  if (pairs.some(({ name, word }) => name === '' || word === '')) throw new InvalidArgumentError('give names separated by commas, some with a word, as in a,b:plain')
  const twice = pairs.find(({ name }, i) => pairs.findIndex(other => other.name === name) !== i)
  if (twice) throw new InvalidArgumentError(`"${twice.name}" is named twice; name it once`)
  return pairs
}

/** A column and the type that it is to have. */
export interface CastPair {
  readonly column: string
  readonly type: string
}

/** A parser of columns and types, for commander: a:int32,b:decimal(12, 2). Commas inside a type's brackets belong to it; a name with commas or colons stands in double quotes. */
export function castList(text: string): CastPair[] {
  const pairs = splitOutside(text, ',').map(part => {
    const [name = '', ...rest] = splitOutside(part, ':')
    return { column: name.trim().replace(/^"(.*)"$/s, '$1'), type: rest.join(':').trim() }
  })
  if (pairs.some(({ column, type }) => column === '' || type === '')) throw new InvalidArgumentError('give columns and types, as in price:float64,amount:decimal(12, 2)')
  const twice = pairs.find(({ column }, i) => pairs.findIndex(other => other.column === column) !== i)
  if (twice) throw new InvalidArgumentError(`"${twice.column}" is named twice; give it one type`)
  return pairs
}

// The parts between `mark`s that stand in no brackets and no quotes.
function splitOutside(text: string, mark: string): string[] {
  const parts = ['']
  let depth = 0
  let quoted = false
  for (const char of text) {
    if (char === '"') quoted = !quoted
    else if (!quoted && '([<'.includes(char)) depth++
    else if (!quoted && ')]>'.includes(char)) depth--
    if (char === mark && depth <= 0 && !quoted) parts.push('')
    else parts[parts.length - 1] += char
  }
  return parts
}
