// Types of rows and schemas at compile time: what a column's type is in JavaScript, and how steps change a schema. Nothing here runs.
// Mapping over the whole schema at every step overflows the compiler after some 32 steps, so columns are added by intersection where
// no name clashes (see Put).
import type { TypeName } from '../batch/type-name.ts'
import type { Interval } from '../batch/value.ts'

/** A schema as users write it: column names to type names. In a variable: `{ … } satisfies Schema`. */
export interface Schema {
  readonly [column: string]: TypeName
}

/** The int64 of counts: to the compiler a type of its own, because rows hold it as a number. What is computed of it is an int64. */
export type CountType = 'int64#'
/** The types that arithmetic takes. */
export type NumericType = 'int8' | 'int16' | 'int32' | 'int64' | CountType | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'float16' | 'float32' | 'float64' | `decimal(${string})`
/** The types of points in time. */
export type TimeType = `timestamp[${TimeUnit}]` | `timestamp[${TimeUnit}, ${string}]`
/** The types of spans of time. */
export type SpanType = 'interval' | `duration[${TimeUnit}]`
/** The types of times of day. */
export type ClockType = `time[${TimeUnit}]`
type TimeUnit = 's' | 'ms' | 'us' | 'ns'

/** True for `any`, which stands for a column that is known at run time only. */
export type IsAny<T> = 0 extends 1 & T ? true : false
/** The type with nulls allowed. */
export type OrNull<T> = T extends `${string}?` ? T : T extends string ? `${T}?` : T
/** The type without its question mark. */
export type Bare<T> = T extends `${infer B}?` ? B : T
/** Writes an intersection out as one object type. */
export type Flat<T> = { [K in keyof T]: T[K] } & {}

interface JsTypes {
  null: null
  bool: boolean
  int8: number
  int16: number
  int32: number
  int64: bigint
  'int64#': number
  uint8: number
  uint16: number
  uint32: number
  uint64: bigint
  float16: number
  float32: number
  float64: number
  utf8: string
  binary: Uint8Array
  date: number
  interval: Interval
  'timestamp[s]': number
  'timestamp[ms]': number
  'timestamp[us]': bigint
  'timestamp[ns]': bigint
  'time[s]': number
  'time[ms]': number
  'time[us]': bigint
  'time[ns]': bigint
  'duration[s]': number
  'duration[ms]': number
  'duration[us]': bigint
  'duration[ns]': bigint
}

/**
 * What a value of a type is in JavaScript: int64 a bigint (a count a number), times epoch milliseconds (us, ns: bigint), decimals text, lists arrays, structs objects,
 * maps Maps, null where the type allows it. Nested types are read to a depth of 8; what lies deeper is unknown.
 */
export type Js<T> = IsAny<T> extends true ? any : T extends keyof JsTypes ? JsTypes[T] : T extends `${infer B}?` ? Js<B> | null : JsOfParts<T>
type JsOfParts<T> = T extends `decimal(${string})`
    ? string
    : T extends `binary(${string})`
      ? Uint8Array
      : T extends `timestamp[${'s' | 'ms'}, ${string}]`
        ? number
        : T extends `timestamp[${'us' | 'ns'}, ${string}]`
          ? bigint
          : T extends `list<${infer I}>`
            ? Js<FirstPart<I>>[]
            : T extends `struct<${infer M}>`
              ? string extends M ? Record<string, unknown> : StructOf<M>
              : T extends `map<${infer M}>`
                ? MapOf<SplitAt<M>>
                : unknown
type MapOf<P> = P extends [infer K, infer V] ? Map<Js<K>, Js<Trim<V>>> : unknown
/** A part of a type's name without blanks around it. */
export type Trim<T> = T extends ` ${infer R}` ? Trim<R> : T extends `${infer R} ` ? Trim<R> : T
/** What a type's name says before its first comma. */
export type FirstPart<T> = SplitAt<T> extends [infer A, any] ? Trim<A> : never
type StructOf<M, Done = unknown> = Trim<M> extends '' ? (unknown extends Done ? Record<never, never> : Flat<Done>) : SplitAt<M> extends [infer A, infer R] ? StructOf<R, Done & MemberOf<Trim<A>>> : never
type MemberOf<K> = K extends `"${infer N}":${infer V}` ? { [P in N]: Js<Trim<V>> } : K extends `${infer N}:${infer V}` ? { [P in N]: Js<Trim<V>> } : never
/** The part before the first comma that is in no brackets, and what comes after it. */
export type SplitAt<T, Head extends string = ''> = T extends `${infer A},${infer R}`
  ? IsClosed<`${Head}${A}`> extends true
    ? [`${Head}${A}`, R]
    : SplitAt<R, `${Head}${A},`>
  : T extends string
    ? [`${Head}${T}`, '']
    : never
type IsClosed<T> = CountOf<T, '<'> extends CountOf<T, '>'> ? (CountOf<T, '('> extends CountOf<T, ')'> ? CountOf<T, '['> extends CountOf<T, ']'> ? true : false : false) : false
type CountOf<T, C extends string, N extends 0[] = []> = T extends `${string}${C}${infer R}` ? CountOf<R, C, [...N, 0]> : N['length']
/** A row as a plain object. */
export type Row<S> = { [K in keyof S]: Js<S[K]> }

/** The column names of a schema; any string where the schema is known at run time only. */
export type Names<S> = string extends keyof S ? KnownNames<S> | (string & Record<never, never>) : keyof S & string
/** The names that are known now. */
export type KnownNames<S> = keyof { [K in keyof S as string extends K ? never : number extends K ? never : K]: 1 } & string
/** The columns that are known now. */
export type KnownOf<S> = { [K in keyof S as string extends K ? never : K]: S[K] }
/** The columns that hold times. */
export type TimeNames<S> = string extends keyof S
  ? string
  : { [K in keyof S]: IsAny<S[K]> extends true ? K : Bare<S[K]> extends TimeType ? K : never }[keyof S] & string

// Where the columns are known they are a union of names, and schemas are mapped over such unions: for a mapped type with an `as` clause the compiler makes
// `keyof` anew each time that it is asked.

/** The schema with P's columns added or replaced. */
export type Put<S, P> = PutNamed<S, P, keyof P>
type PutNamed<S, P, N extends keyof P> = [keyof S & N] extends [never]
  ? S & P
  : string extends keyof S
    ? Flat<Leave<S, N> & P>
    : { [K in keyof S | N]: K extends N ? P[K] : K extends keyof S ? S[K] : never }
/** The named columns only. */
export type Take<S, N> = string extends keyof S
  ? { [K in keyof S as K extends N ? K : never]: S[K] } & { [K in N & string]: K extends keyof S ? S[K] : any }
  : { [K in keyof S & N]: S[K] }
/** All but the named columns. */
export type Leave<S, N> = string extends keyof S ? { [K in keyof S as K extends N ? never : K]: S[K] } : { [K in Exclude<keyof S, N>]: S[K] }
/** The schema with columns renamed by M. */
export type Renamed<S, M> = string extends keyof S
  ? { [K in keyof S as K extends keyof M ? M[K] & string : K]: S[K] }
  : { [K in Exclude<keyof S, keyof M> | NewName<S, M>]: K extends NewName<S, M> ? S[OldName<M, K> & keyof S] : S[K & keyof S] }
type NewName<S, M> = M[keyof M & keyof S] & string
type OldName<M, K> = { [O in keyof M]: M[O] extends K ? O : never }[keyof M]

/** The names on both sides that are no keys; never where one side isn't known. */
export type Clash<S, R, RK> = string extends keyof S | keyof R ? never : Exclude<keyof S & keyof R & string, RK>
