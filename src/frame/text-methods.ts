// What an expression of text offers. Positions and lengths are characters (code points), counted from 0; negative ones count from the end. Arguments
// are values or expressions, and a null in any makes the result null.
import type { TypeName } from '../batch/type-name.ts'
import type { ColumnExpr } from './expr-type.ts'
import type { Kept, Searched } from './list-types.ts'
import type { AnyExpr, Maybe, Needs, NeedsOf, StrictOf, SymbolOf } from './resolve-types.ts'

type Stripped<C> = C extends `${infer B}?` ? B : C

/** A text, or an expression that gives one. */
export type TextLike = string | AnyExpr
/** A whole number, or an expression that gives one. */
export type WholeLike = number | bigint | AnyExpr

type Of1<K, T, N, F extends string> = ColumnExpr<StrictOf<K, T>, N | Needs<T, 'string', F>>
type Text2<K, T, N, V, F extends string> = ColumnExpr<
  StrictOf<K, T, SymbolOf<V>>,
  N | NeedsOf<V> | Needs<T, 'string', F> | (V extends AnyExpr ? Needs<SymbolOf<V>, 'string', F> : never)
>
type Whole2<K, T, N, V, F extends string> = ColumnExpr<
  StrictOf<K, T, SymbolOf<V>>,
  N | NeedsOf<V> | Needs<T, 'string', F> | (V extends AnyExpr ? Needs<SymbolOf<V>, 'number', F> : never)
>
// A text wants a text; what else there is may be an item.
type Found2<K, T, N, V, F extends string> = ColumnExpr<StrictOf<K, T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, V extends string | AnyExpr ? 'searched' : 'list', F>>
type Any3<K, T, N, V, W, F extends string> = ColumnExpr<
  StrictOf<K, T, StrictOf<'bool', SymbolOf<V>, SymbolOf<W>>>,
  N | NeedsOf<V> | NeedsOf<W> | Needs<T, 'string', F>
>

/** A bool that is null where any of some operands is. */
export type AnyNull<V> = V extends readonly [infer A, ...infer R] ? StrictOf<'bool', SymbolOf<A>, AnyNull<R>> : 'bool'

/** How strings are compared. `ignoreCase` compares both in lower case. */
export interface CaseOptions {
  readonly ignoreCase?: boolean
}
/** How a pattern is meant: i ignores case, m lets ^ and $ meet line ends, s lets . be any character. */
export interface RegexOptions {
  readonly flags?: string
}
/** Where a regular expression is looked for: from character `start` on, the `occurrence`-th match (from 1). */
export interface RegexPlaceOptions extends RegexOptions {
  readonly start?: number
  readonly occurrence?: number
}

/** Methods of strings. */
export interface TextMethods<in out T, out N> {
  /** In lower case, by Unicode's rules without a locale. */
  lower(): Of1<'utf8', T, N, 'lower'>
  /** In upper case. */
  upper(): Of1<'utf8', T, N, 'upper'>
  /** The first letter in upper case, the others in lower. */
  capitalize(): Of1<'utf8', T, N, 'capitalize'>
  /** The first letter of each word in upper case, the others in lower. */
  title(): Of1<'utf8', T, N, 'title'>
  /** Characters (code points) of a string, items of a list, or entries of a map, as int32. */
  length(): ColumnExpr<StrictOf<'int32', T>, N | Needs<T, 'sized', 'length'>>
  /** Bytes of the UTF-8, as int32. */
  byteLength(): Of1<'int32', T, N, 'byteLength'>
  /** Bits of the UTF-8, as int64. */
  bitLength(): Of1<'int64', T, N, 'bitLength'>
  /** Whether a part of a string, or an item of a list, occurs. */
  contains<const V extends Searched | AnyExpr>(part: V, options?: CaseOptions): Found2<'bool', T, N, V, 'contains'>
  /** Whether the string begins so. */
  startsWith<const V extends TextLike>(part: V, options?: CaseOptions): Text2<'bool', T, N, V, 'startsWith'>
  /** Whether the string ends so. */
  endsWith<const V extends TextLike>(part: V, options?: CaseOptions): Text2<'bool', T, N, V, 'endsWith'>
  /** Whether the string matches: % is any run of characters, _ one; `escape` (a backslash; '' for none) takes the next as it is. */
  like<const V extends TextLike>(pattern: V, options?: CaseOptions & { readonly escape?: string }): Text2<'bool', T, N, V, 'like'>
  /** As `like`, in any case. */
  ilike<const V extends TextLike>(pattern: V, options?: { readonly escape?: string }): Text2<'bool', T, N, V, 'ilike'>
  /** Characters before the first occurrence of a part, or items before an item, or -1, as int32. */
  indexOf<const V extends Searched | AnyExpr>(part: V): Found2<'int32', T, N, V, 'indexOf'>
  /** This string, or list, and then others. */
  concat<const V extends readonly TextLike[]>(...others: V): ColumnExpr<Kept<T, AnyNull<V>>, N | NeedsOf<V[number]> | Needs<T, 'searched', 'concat'>>
  /** Characters [start, end), as JavaScript's slice; to the end of the string without `end`. */
  substring<const V extends WholeLike, const W extends WholeLike = number>(start: V, end?: W): Any3<'utf8', T, N, V, W, 'substring'>
  /** The first `count` characters; a negative count leaves out so many at the end. */
  left<const V extends WholeLike>(count: V): Whole2<'utf8', T, N, V, 'left'>
  /** The last `count` characters; a negative count leaves out so many at the begin. */
  right<const V extends WholeLike>(count: V): Whole2<'utf8', T, N, V, 'right'>
  /** Without the given characters, in any order, at both ends; white space if none are given. */
  trim<const V extends TextLike = string>(characters?: V): Text2<'utf8', T, N, V, 'trim'>
  /** As `trim`, at the begin only. */
  ltrim<const V extends TextLike = string>(characters?: V): Text2<'utf8', T, N, V, 'ltrim'>
  /** As `trim`, at the end only. */
  rtrim<const V extends TextLike = string>(characters?: V): Text2<'utf8', T, N, V, 'rtrim'>
  /** Filled at the begin with `fill` (a blank) to `length` characters; a longer string is cut to its first. */
  lpad<const V extends WholeLike, const W extends TextLike = string>(length: V, fill?: W): Any3<'utf8', T, N, V, W, 'lpad'>
  /** As `lpad`, filled at the end. */
  rpad<const V extends WholeLike, const W extends TextLike = string>(length: V, fill?: W): Any3<'utf8', T, N, V, W, 'rpad'>
  /** Every `from` made `to`, from left to right; an empty `from` changes nothing. */
  replace<const V extends TextLike, const W extends TextLike>(from: V, to: W): Any3<'utf8', T, N, V, W, 'replace'>
  /** The string `count` times. */
  repeat<const V extends WholeLike>(count: V): Whole2<'utf8', T, N, V, 'repeat'>
  /** The characters, or the items, in reverse order. */
  reverse(): ColumnExpr<Kept<T>, N | Needs<T, 'searched', 'reverse'>>
  /** The parts between separators, as a list; an empty separator gives single characters. */
  split<const V extends TextLike>(separator: V): Text2<'list<utf8>', T, N, V, 'split'>
  /** A part between separators by its number from 0, negative from the end; null where there is none. */
  splitPart<const V extends TextLike, const W extends WholeLike>(
    separator: V,
    index: W,
  ): ColumnExpr<Maybe<'utf8'>, N | NeedsOf<V> | NeedsOf<W> | Needs<T, 'string', 'splitPart'>>
  /** The number (code point) of the first character, 0 for ''. */
  ascii(): Of1<'int32', T, N, 'ascii'>
  /** This separator between the parts that are not null: lit(', ').concatWs(col('a'), col('b')). */
  concatWs<const V extends readonly (TextLike | null)[]>(...parts: V): ColumnExpr<StrictOf<'utf8', T>, N | NeedsOf<V[number]> | Needs<T, 'string', 'concatWs'>>

  /** Whether a regular expression (JavaScript's, with the u flag) matches anywhere. A DataError or PlanError REGEX where it is none. */
  regexMatch<const V extends TextLike>(pattern: V, options?: RegexPlaceOptions): Text2<'bool', T, N, V, 'regexMatch'>
  /** What matched, or a `group` of it by number or name; null where nothing did. */
  regexExtract<const V extends TextLike>(
    pattern: V,
    options?: RegexPlaceOptions & { readonly group?: number | string },
  ): ColumnExpr<Maybe<'utf8'>, N | NeedsOf<V> | Needs<T, 'string', 'regexExtract'>>
  /** Everything that matched, or that group of each match ('' where it took no part), as a list. */
  regexExtractAll<const V extends TextLike>(
    pattern: V,
    options?: RegexOptions & { readonly start?: number; readonly group?: number | string },
  ): Text2<'list<utf8>', T, N, V, 'regexExtractAll'>
  /** How often a regular expression matches, as int32. */
  regexCount<const V extends TextLike>(pattern: V, options?: RegexOptions & { readonly start?: number }): Text2<'int32', T, N, V, 'regexCount'>
  /** Every match replaced, or the `occurrence`-th only. The replacement may say $1, $<name>, $& and $$, or \1 as in SQL. */
  regexReplace<const V extends TextLike, const W extends TextLike>(
    pattern: V,
    replacement: W,
    options?: RegexPlaceOptions,
  ): Any3<'utf8', T, N, V, W, 'regexReplace'>
  /** The parts between matches, as a list. */
  regexSplit<const V extends TextLike>(pattern: V, options?: RegexOptions): Text2<'list<utf8>', T, N, V, 'regexSplit'>

  /** The value at a path ($.a.b[0]['c']) of JSON, as text or as `type`; null where there is none. A DataError CAST where it is no such value. */
  jsonExtract<const C extends TypeName = 'utf8'>(path: string, type?: C): ColumnExpr<Maybe<Stripped<C>>, N | Needs<T, 'string', 'jsonExtract'>>
  /** object, array, string, number, bool or null: of the value at a path of JSON; null where there is none. */
  jsonType(path?: string): ColumnExpr<Maybe<'utf8'>, N | Needs<T, 'string', 'jsonType'>>
  /** Any value as JSON, as files of NDJSON have it. */
  toJson(): ColumnExpr<StrictOf<'utf8', T>, N | Needs<T, 'any', 'toJson'>>
  /** The UTF-8 of a string, or bytes, as hex or base64. */
  encode(encoding: 'hex' | 'base64'): ColumnExpr<StrictOf<'utf8', T>, N | Needs<T, 'bytes', 'encode'>>
  /** The bytes that hex or base64 says. A DataError DECODE where it is none. */
  decode(encoding: 'hex' | 'base64'): ColumnExpr<StrictOf<'binary', T>, N | Needs<T, 'string', 'decode'>>
  /** As `decode`, with null where a text is none. */
  tryDecode(encoding: 'hex' | 'base64'): ColumnExpr<Maybe<'binary'>, N | Needs<T, 'string', 'tryDecode'>>
}
