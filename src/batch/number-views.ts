// The values of a column of numbers as a typed array: what reading and writing values one by one begins with.
import type { DataType } from './data-type.ts'
import type { Memory } from '../device/memory.ts'

/** An array of numbers up to 32 bits, or of floats. */
export type NumberView = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array

/** `count` values at `address` of a type that JavaScript has as numbers; float16 as its bits, dates as days. Undefined for other types. */
export function numberView(memory: Memory, type: DataType, address: number, count: number): NumberView | undefined {
  switch (type.kind) {
    case 'int8':
      return memory.int8s(address, count)
    case 'int16':
      return memory.int16s(address, count)
    case 'int32':
    case 'date':
      return memory.int32s(address, count)
    case 'uint8':
      return memory.bytes(address, count)
    case 'uint16':
    case 'float16':
      return memory.uint16s(address, count)
    case 'uint32':
      return memory.uint32s(address, count)
    case 'float32':
      return memory.float32s(address, count)
    case 'float64':
      return memory.float64s(address, count)
    default:
      return undefined
  }
}
