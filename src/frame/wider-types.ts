// The common types of numbers at compile time, as expr/unify-numbers.ts has them. Literals have symbols of their own until they meet a type: 'int' a whole
// number, 'big' a bigint, 'fraction' any other number.

/** The type that holds both of two numbers. */
interface Widest {
  int8: { int8: 'int8'; int16: 'int16'; int32: 'int32'; int64: 'int64'; uint8: 'int16'; uint16: 'int32'; uint32: 'int64'; uint64: 'decimal(20, 0)'; float16: 'float16'; float32: 'float32'; float64: 'float64' }
  int16: { int8: 'int16'; int16: 'int16'; int32: 'int32'; int64: 'int64'; uint8: 'int16'; uint16: 'int32'; uint32: 'int64'; uint64: 'decimal(20, 0)'; float16: 'float32'; float32: 'float32'; float64: 'float64' }
  int32: { int8: 'int32'; int16: 'int32'; int32: 'int32'; int64: 'int64'; uint8: 'int32'; uint16: 'int32'; uint32: 'int64'; uint64: 'decimal(20, 0)'; float16: 'float64'; float32: 'float64'; float64: 'float64' }
  int64: { int8: 'int64'; int16: 'int64'; int32: 'int64'; int64: 'int64'; uint8: 'int64'; uint16: 'int64'; uint32: 'int64'; uint64: 'decimal(20, 0)'; float16: 'float64'; float32: 'float64'; float64: 'float64' }
  uint8: { int8: 'int16'; int16: 'int16'; int32: 'int32'; int64: 'int64'; uint8: 'uint8'; uint16: 'uint16'; uint32: 'uint32'; uint64: 'uint64'; float16: 'float16'; float32: 'float32'; float64: 'float64' }
  uint16: { int8: 'int32'; int16: 'int32'; int32: 'int32'; int64: 'int64'; uint8: 'uint16'; uint16: 'uint16'; uint32: 'uint32'; uint64: 'uint64'; float16: 'float32'; float32: 'float32'; float64: 'float64' }
  uint32: { int8: 'int64'; int16: 'int64'; int32: 'int64'; int64: 'int64'; uint8: 'uint32'; uint16: 'uint32'; uint32: 'uint32'; uint64: 'uint64'; float16: 'float64'; float32: 'float64'; float64: 'float64' }
  uint64: { int8: 'decimal(20, 0)'; int16: 'decimal(20, 0)'; int32: 'decimal(20, 0)'; int64: 'decimal(20, 0)'; uint8: 'uint64'; uint16: 'uint64'; uint32: 'uint64'; uint64: 'uint64'; float16: 'float64'; float32: 'float64'; float64: 'float64' }
  float16: { int8: 'float16'; int16: 'float32'; int32: 'float64'; int64: 'float64'; uint8: 'float16'; uint16: 'float32'; uint32: 'float64'; uint64: 'float64'; float16: 'float16'; float32: 'float32'; float64: 'float64' }
  float32: { int8: 'float32'; int16: 'float32'; int32: 'float64'; int64: 'float64'; uint8: 'float32'; uint16: 'float32'; uint32: 'float64'; uint64: 'float64'; float16: 'float32'; float32: 'float32'; float64: 'float64' }
  float64: { int8: 'float64'; int16: 'float64'; int32: 'float64'; int64: 'float64'; uint8: 'float64'; uint16: 'float64'; uint32: 'float64'; uint64: 'float64'; float16: 'float64'; float32: 'float64'; float64: 'float64' }
}

/** A literal that fits itself to what stands beside it. */
export type LooseNumber = 'int' | 'big' | 'fraction'
type DecimalName = `decimal(${string})`
type Float = 'float16' | 'float32' | 'float64'

/** The common type of two numbers that differ, or the type of one beside a literal. */
export type WiderNumber<A, B> = A extends LooseNumber
  ? B extends LooseNumber
    ? LooseOf<A, B>
    : Beside<B, A>
  : B extends LooseNumber
    ? Beside<A, B>
    : A extends DecimalName
      ? B extends Float
        ? 'float64'
        : B extends A
          ? A
          : DecimalName
      : B extends DecimalName
        ? A extends Float
          ? 'float64'
          : DecimalName
        : A extends keyof Widest
          ? B extends keyof Widest[A]
            ? Widest[A][B]
            : A
          : A
type LooseOf<A, B> = 'fraction' extends A | B ? 'fraction' : 'big' extends A | B ? 'big' : 'int'
type Beside<T, L> = L extends 'int'
  ? T
  : T extends Float | DecimalName
    ? T
    : L extends 'fraction'
      ? 'float64'
      : T extends 'uint64'
        ? T
        : 'int64'

/** What a calculation makes of the common type: 'sum' keeps it, 'quotient' and 'float' make integers float64, 'power' and 'float' decimals. */
export type Calculated<K, D> = D extends DecimalName
  ? K extends 'power' | 'float'
    ? 'float64'
    : DecimalName
  : K extends 'quotient' | 'float'
    ? D extends Float
      ? D
      : 'float64'
    : D
