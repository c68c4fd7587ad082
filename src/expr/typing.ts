// What most functions ask of their arguments, in one word each: text, whole numbers, any type of a family.
import { bool, type DataType, float64, int64, isInteger, isNumeric, utf8 } from '../batch/data-type.ts'
import type { Argument, Signature } from './function.ts'
import { literalType } from './unify.ts'

/** A kind of argument. text is utf8, whole any integer as int64, number any number as float64. */
export type Wanted = 'text' | 'whole' | 'number' | 'bool'

const finalTypes: Record<Wanted, DataType> = { text: utf8, whole: int64, number: float64, bool }

function fits(argument: Argument, wanted: Wanted): boolean {
  if (argument.literal === null) return true
  const type = argument.type ?? literalType(argument.literal!)
  if (wanted === 'text') return type.kind === 'utf8'
  if (wanted === 'whole') return isInteger(type)
  return wanted === 'number' ? isNumeric(type) : type.kind === 'bool'
}

/** The signature of a function that wants just these arguments and gives `type`, null where one is; undefined where they don't fit. */
export function strict(args: readonly Argument[], wanted: readonly Wanted[], type: DataType): Signature | undefined {
  if (args.length !== wanted.length || !args.every((arg, i) => fits(arg, wanted[i]!))) return undefined
  return { args: wanted.map(w => finalTypes[w]), type, nullable: args.some(a => a.nullable) }
}

/** As `strict`, and the result may be null where no argument is. */
export function partial(args: readonly Argument[], wanted: readonly Wanted[], type: DataType): Signature | undefined {
  const signature = strict(args, wanted, type)
  return signature && { ...signature, nullable: true }
}

/** The type that an argument has by itself: a literal's own, none for null. */
export function ownType({ type, literal }: Argument): DataType | undefined {
  return type ?? (literal === null || literal === undefined ? undefined : literalType(literal))
}
