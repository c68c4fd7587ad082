// Conditions that no row can meet whose values lie within known bounds: what they were written for (statistics of a file's row groups, names of folders) says so before
// anything is read. What could fail is never left out: as in never-true.ts, which does the same for columns in memory.
import type { DataType } from '../batch/data-type.ts'
import type { Stored } from '../batch/stored-value.ts'
import { unitsPerSecond } from '../batch/time-text.ts'
import type { ValueBounds } from '../batch/value-bounds.ts'
import type { Bound } from './function.ts'
import { isPlain } from './never-true.ts'

/** Bounds by a column's number; undefined where nothing is known. */
export type BoundsOf = (column: number) => ValueBounds | undefined

/** True where all conditions together are true for no row; false where that is not known. Cost: the size of the conditions. */
export function neverWithin(conditions: readonly Bound[], boundsOf: BoundsOf): boolean {
  for (const condition of conditions) {
    if (isNever(condition, boundsOf)) return true
    if (!isPlain(condition)) return false
  }
  return false
}

function isNever(bound: Bound, boundsOf: BoundsOf): boolean {
  if (bound.kind === 'constant') return bound.constant.value !== true
  if (bound.kind === 'column') return outcome('eq', bound, { kind: 'constant', type: { kind: 'bool' }, nullable: false, constant: { type: { kind: 'bool' }, value: true } }, boundsOf)
  const { fn, args } = bound
  switch (fn.name) {
    case 'and':
      return neverWithin(args, boundsOf)
    case 'or':
      return args.every(isPlain) && args.every(arg => isNever(arg, boundsOf))
    case 'isNull':
      return knownOf(args[0]!, boundsOf)?.nulls === 'none'
    case 'isNotNull':
      return knownOf(args[0]!, boundsOf)?.nulls === 'all'
    case 'isIn':
      return args.every(isPlain) && args.slice(1).every(option => outcome('eq', args[0]!, option, boundsOf))
    case 'between':
      return isPlain(bound) && (outcome('ge', args[0]!, args[1]!, boundsOf) || outcome('le', args[0]!, args[2]!, boundsOf))
    case 'eq':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return outcome(fn.name, args[0]!, args[1]!, boundsOf)
    default:
      return false
  }
}

// What is known of a column, or of a member of a struct.
function knownOf(bound: Bound, boundsOf: BoundsOf): ValueBounds | undefined {
  if (bound.kind === 'column') return boundsOf(bound.index)
  if (bound.kind !== 'call' || bound.fn.name !== 'field') return undefined
  const members = knownOf(bound.args[0]!, boundsOf)?.members
  const name = String(bound.options.name)
  return members && Object.hasOwn(members, name) ? members[name] : undefined
}

type Order = 'eq' | 'lt' | 'le' | 'gt' | 'ge'
const turned = { eq: 'eq', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' } as const

// True where `a op b` is true for no row.
function outcome(op: Order, a: Bound, b: Bound, boundsOf: BoundsOf): boolean {
  if (a.kind === 'constant' && b.kind !== 'constant') return outcome(turned[op], b, a, boundsOf)
  if (b.kind !== 'constant') return false
  const { value } = b.constant
  if (value === null) return isPlain(a)
  const bounds = knownOf(a, boundsOf)
  if (!bounds) return false
  if (bounds.nulls === 'all') return true
  const below = bounds.least === undefined ? undefined : order(bounds.least, a.type, value as Stored, b.type)
  const above = bounds.greatest === undefined ? undefined : order(bounds.greatest, a.type, value as Stored, b.type)
  if (op === 'eq') return (below !== undefined && below > 0) || (above !== undefined && above < 0) || (bounds.lacks?.(value as Stored, b.type) ?? false)
  if (op === 'lt' || op === 'le') return below !== undefined && (op === 'lt' ? below >= 0 : below > 0)
  return above !== undefined && (op === 'gt' ? above <= 0 : above < 0)
}

// Below 0 where the first is less; undefined where they can't be told apart.
function order(a: Stored, aType: DataType, b: Stored, bType: DataType): number | undefined {
  if (aType.kind === 'decimal' || bType.kind === 'decimal') {
    if (aType.kind !== 'decimal' || bType.kind !== 'decimal' || typeof a !== 'bigint' || typeof b !== 'bigint') return undefined
    const scale = Math.max(aType.scale, bType.scale)
    return less(a * 10n ** BigInt(scale - aType.scale), b * 10n ** BigInt(scale - bType.scale))
  }
  if ('unit' in aType || 'unit' in bType) {
    if (aType.kind !== bType.kind || !('unit' in aType) || !('unit' in bType) || typeof a !== 'bigint' || typeof b !== 'bigint') return undefined
    return less(a * unitsPerSecond[bType.unit], b * unitsPerSecond[aType.unit])
  }
  if (isText(a) && isText(b)) return compareBytes(bytesOf(a), bytesOf(b))
  if (typeof a === 'boolean' && typeof b === 'boolean') return less(Number(a), Number(b))
  if (typeof a === 'number' || typeof a === 'bigint') return typeof b === 'number' || typeof b === 'bigint' ? less(a, b) : undefined
  return undefined
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

// NaN is neither less nor greater: nothing is known then.
function less(a: number | bigint, b: number | bigint): number | undefined {
  return a < b ? -1 : a > b ? 1 : a >= b ? 0 : undefined
}

function isText(value: Stored): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

const encoder = new TextEncoder()

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? encoder.encode(value) : value
}
