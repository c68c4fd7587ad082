// Several columns at once, as users write them: col.numeric(), col.matching(/^price/), col.except('id'). Each is plain data behind (expr/selector.ts);
// what columns they are is found when the plan is resolved.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { ScalarName } from '../batch/type-name.ts'
import { type Pick, type Selector, selectorText, typeTest } from '../expr/selector.ts'
import type { But, Every, Family, OfTypes, SelectorOf } from './selector-types.ts'

/** The run time of `SelectorOf`. */
class ColumnSelector {
  readonly selector: Selector
  constructor(selector: Selector) {
    this.selector = selector
  }
  except(...but: unknown[]): ColumnSelector {
    return new ColumnSelector({ selector: 'except', of: this.selector, but: picksOf(but, 'except') as unknown as Pick[] })
  }
  and(other: unknown): ColumnSelector {
    return new ColumnSelector({ selector: 'and', of: [this.selector, selectorIn(other, 'and')] })
  }
  or(other: unknown): ColumnSelector {
    return new ColumnSelector({ selector: 'or', of: [this.selector, selectorIn(other, 'or')] })
  }
  toString(): string {
    return selectorText(this.selector)
  }
}

function selectorOf<Q>(selector: Selector): SelectorOf<Q> {
  return new ColumnSelector(selector) as unknown as SelectorOf<Q>
}

function selectorIn(value: unknown, where: string): Selector {
  if (value instanceof ColumnSelector) return value.selector
  throw new PlanError('SELECTOR', `${where}: ${typeof value} given where a selector of columns is wanted; give one such as col.numeric()`)
}

/** True for what `col.numeric()` and its like return. */
export function isColumnSelector(value: unknown): boolean {
  return value instanceof ColumnSelector
}

/** Names and selectors as plain data. Throws PlanError SELECTOR for anything else. */
export function picksOf(picks: readonly unknown[], where: string): Json {
  const plain = picks.map(pick => {
    if (typeof pick === 'string') return pick
    if (pick instanceof ColumnSelector) return pick.selector
    throw new PlanError('SELECTOR', `${where}: ${pick === null ? 'null' : typeof pick} given where a column's name is wanted; give names and selectors such as col.numeric()`)
  })
  return plain as unknown as Json
}

/** All columns. */
export function all(): SelectorOf<Every> {
  return selectorOf({ selector: 'all' })
}

/** All columns but some. */
export function except<const P extends readonly (string | SelectorOf<any>)[]>(...but: P): SelectorOf<But<Every, P[number]>> {
  return selectorOf({ selector: 'except', of: { selector: 'all' }, but: picksOf(but, 'except') as unknown as Pick[] })
}

/** The columns of some types. Throws PlanError TYPE or SELECTOR. */
export function ofType<const T extends ScalarName | Family>(...types: readonly T[]): SelectorOf<OfTypes<T>> {
  typeTest(types, 'ofType')
  return selectorOf({ selector: 'type', types })
}

/** The columns of numbers. */
export function numeric(): SelectorOf<OfTypes<'numeric'>> {
  return ofType('numeric')
}

/** The columns of text. */
export function text(): SelectorOf<OfTypes<'text'>> {
  return ofType('text')
}

/** The columns of times and spans of time. */
export function temporal(): SelectorOf<OfTypes<'temporal'>> {
  return ofType('temporal')
}

/** The columns in whose name the pattern finds something. Throws PlanError SELECTOR where it is no RegExp. */
export function matching(pattern: RegExp): SelectorOf<any> {
  if (!(pattern instanceof RegExp)) throw new PlanError('SELECTOR', `matching: ${typeof pattern} given where a regular expression is wanted; write it as in matching(/^price/)`)
  return selectorOf({ selector: 'pattern', pattern: pattern.source, flags: pattern.flags })
}

