// Several columns at once, as plain data: by type, by a pattern of their names, all, or these but those. What they are is known where the input's fields are.
import { PlanError } from '../base/errors.ts'
import { type DataType, isFloat, isInteger, isNested, isNumeric, sameType } from '../batch/data-type.ts'
import { type Field, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { parseType, typeName } from '../batch/type-name.ts'

/** Columns by what they are. Survives JSON. */
export type Selector =
  | { readonly selector: 'all' }
  /** Of one of some types: names of types, or words for families of them. */
  | { readonly selector: 'type'; readonly types: readonly string[] }
  /** Whose name a regular expression finds something in. */
  | { readonly selector: 'pattern'; readonly pattern: string; readonly flags: string }
  /** The first but the others. */
  | { readonly selector: 'except'; readonly of: Selector; readonly but: readonly Pick[] }
  /** Those that are in both. */
  | { readonly selector: 'and'; readonly of: readonly Selector[] }
  /** Those that are in either. */
  | { readonly selector: 'or'; readonly of: readonly Selector[] }

/** A column's name, or a selector. */
export type Pick = string | Selector

const families: Readonly<Record<string, (type: DataType) => boolean>> = {
  numeric: isNumeric,
  integer: isInteger,
  float: isFloat,
  text: type => type.kind === 'utf8',
  temporal: type => ['date', 'time', 'timestamp', 'duration', 'interval'].includes(type.kind),
  nested: isNested,
  list: type => type.kind === 'list' || type.kind === 'fixedList',
  ...Object.fromEntries(['decimal', 'time', 'timestamp', 'duration', 'struct', 'map'].map(kind => [kind, (type: DataType) => type.kind === kind])),
}

/** Whether types are one of these, by a type's name or a family's. Throws PlanError TYPE or SELECTOR naming `where`. */
export function typeTest(types: readonly string[], where: string): (type: DataType) => boolean {
  if (types.length === 0) throw new PlanError('SELECTOR', `${where}: no type given; name one, as in ofType('float64', 'decimal')`)
  const tests = types.map(name => {
    if (Object.hasOwn(families, name)) return families[name]!
    const { type, nullable } = parseType(name, where)
    if (nullable) throw new PlanError('SELECTOR', `${where}: '${name}' asks for nulls, and columns are chosen by type whether they hold nulls or not; leave the ? out`)
    return (other: DataType) => sameType(type, other)
  })
  return type => tests.some(test => test(type))
}

/** True for a selector as plain data. */
export function isSelector(value: unknown): value is Selector {
  return typeof value === 'object' && value !== null && typeof (value as { selector?: unknown }).selector === 'string'
}

/** The names of the columns that are picked, in the order of the picks, each once; those of one selector in the input's order. Throws PlanError SELECTOR where one finds none, NO_COLUMN for a name that isn't there. */
export function pickedNames(picks: readonly Pick[], fields: Fields, where: string): string[] {
  const names = picks.flatMap(pick => {
    if (typeof pick === 'string') return [fieldOf(fields, pick, where).name]
    const found = selected(pick, fields, where)
    if (found.length > 0) return found.map(f => f.name)
    const columns = visible(fields).map(f => `${f.name}: ${typeName(f.type, f.nullable)}`).join(', ')
    throw new PlanError('SELECTOR', `${where}: there are no ${selectorText(pick)}; the input has ${columns || 'no columns'}; name columns, or ask for what is there`)
  })
  return [...new Set(names)]
}

function selected(selector: Selector, fields: Fields, where: string): Field[] {
  const columns = visible(fields)
  switch (selector.selector) {
    case 'all':
      return columns
    case 'type': {
      const test = typeTest(selector.types, where)
      return columns.filter(f => test(f.type))
    }
    case 'pattern': {
      const pattern = patternOf(selector.pattern, selector.flags, where)
      return columns.filter(f => pattern.test(f.name))
    }
    case 'except': {
      const but = selector.but.flatMap(pick => (typeof pick === 'string' ? [fieldOf(fields, pick, where)] : selected(pick, fields, where)))
      return selected(selector.of, fields, where).filter(f => !but.includes(f))
    }
    case 'and': {
      const all = selector.of.map(part => selected(part, fields, where))
      return columns.filter(f => all.every(part => part.includes(f)))
    }
    case 'or': {
      const all = selector.of.flatMap(part => selected(part, fields, where))
      return columns.filter(f => all.includes(f))
    }
    default:
      throw new PlanError('SELECTOR', `${where}: "${(selector as { selector: string }).selector}" is no way to choose columns; there are all, type, pattern, except, and, or`)
  }
}

function patternOf(pattern: string, flags: string, where: string): RegExp {
  try {
    // Without the flags that remember where the last name was found.
    return new RegExp(pattern, flags.replace(/[gy]/g, ''))
  } catch (cause) {
    throw new PlanError('SELECTOR', `${where}: /${pattern}/${flags} is no regular expression (${(cause as SyntaxError).message}); write it as in /^price/`)
  }
}

/** A selector in words, for messages: "columns of type float64 or decimal", "columns named like /^price/". */
export function selectorText(selector: Selector): string {
  switch (selector.selector) {
    case 'all':
      return 'columns'
    case 'type':
      return `columns of type ${selector.types.join(' or ')}`
    case 'pattern':
      return `columns named like /${selector.pattern}/${selector.flags}`
    case 'except':
      return `${selectorText(selector.of)} other than ${selector.but.map(pick => (typeof pick === 'string' ? `"${pick}"` : selectorText(pick))).join(' and ')}`
    case 'and':
      return `(${selector.of.map(selectorText).join(' that are also ')})`
    case 'or':
      return `(${selector.of.map(selectorText).join(' or ')})`
  }
}
