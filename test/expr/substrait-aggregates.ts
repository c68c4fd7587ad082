// Reads Substrait's cases of aggregates: `sum((1, 2)::i8) = 3::i64?` and `((1.0), (2.0)) variance(SAMPLE::enum, col0::fp64) = 0.5::fp64?`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A case: a column of values in Millrace's types, the aggregate over it, and what it gives ('error' for a failure). */
export interface AggregateCase {
  readonly file: string
  readonly text: string
  readonly fn: string
  readonly type: string
  readonly values: readonly unknown[]
  readonly options: Readonly<Record<string, unknown>>
  readonly expected: unknown
}

const marker = '### SUBSTRAIT_AGGREGATE_TEST'
const types: Record<string, string> = {
  i8: 'int8', i16: 'int16', i32: 'int32', i64: 'int64', fp32: 'float32', fp64: 'float64', bool: 'bool', 'u!u8': 'uint8', 'u!u16': 'uint16', 'u!u32': 'uint32', 'u!u64': 'uint64',
}
const functions: Record<string, string> = {
  count: 'count', approx_count_distinct: 'approxCountDistinct', sum: 'sum', min: 'min', max: 'max', variance: 'variance', std_dev: 'stddev', bool_and: 'every', bool_or: 'any',
}

/** True for files whose cases are of aggregates. */
export function isAggregateFile(folder: string, file: string): boolean {
  return readFileSync(join(folder, file), 'utf8').startsWith(marker)
}

/** All cases of aggregates under a folder, in order of their files. */
export function readAggregateCases(folder: string): AggregateCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.test')).sort()
  return files
    .filter(file => isAggregateFile(folder, file))
    .flatMap(file =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .filter(line => line.trim() !== '' && !line.startsWith('#'))
        .map(line => parseCase(file, line.trim())),
    )
}

const inRows = /^\((.*)\) (\w+)\((\w+)::enum, col0::([^)]+)\)\s*(?:\[[^\]]*\])?\s*=\s*(.+)$/
const inLine = /^(\w+)\(\((.*)\)::([^=[]+)\)\s*(?:\[[^\]]*\])?\s*=\s*(.+)$/

function parseCase(file: string, text: string): AggregateCase {
  const rows = inRows.exec(text)
  const line = inLine.exec(text)
  const [list, name, type, result] = rows ? [rows[1]!.replaceAll(/[()]/g, ''), rows[2]!, rows[4]!, rows[5]!] : [line![2]!, line![1]!, line![3]!, line![4]!]
  const column = typeOf(type)
  const fn = functions[name]
  if (fn === undefined) throw new Error(`${file}: no aggregate for ${name}`)
  const values = list.trim() === '' ? [] : list.split(',').map(value => valueOf(value.trim(), column))
  const at = result.lastIndexOf('::')
  const expected = result.startsWith('<!') ? 'error' : valueOf(result.slice(0, at).replace(/^\((.*)\)$/, '$1'), typeOf(result.slice(at + 2)))
  return { file, text, fn, type: column, values, options: rows?.[3] === 'POPULATION' ? { population: true } : {}, expected }
}

function typeOf(text: string): string {
  const bare = text.trim().replaceAll('?', '')
  const decimal = /^dec<(\d+), ?(\d+)>$/.exec(bare)
  const type = decimal ? `decimal(${decimal[1]}, ${decimal[2]})` : types[bare]
  if (type === undefined) throw new Error(`no type for ${text}`)
  return type
}

function valueOf(quoted: string, type: string): unknown {
  const text = quoted.replace(/^'(.*)'$/, '$1')
  if (text.toLowerCase() === 'null') return null
  if (type === 'bool') return text === 'true'
  if (type === 'int64' || type === 'uint64') return BigInt(text)
  if (type.startsWith('decimal')) return withDigits(text, Number(/(\d+)\)$/.exec(type)![1]))
  const named: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN }
  return named[text] ?? Number(text)
}

// Decimals read with exactly as many digits as their scale.
function withDigits(text: string, scale: number): string {
  const [whole, fraction = ''] = text.split('.') as [string, string?]
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
}
