// The catalogue of functions in expressions. A new one goes into its family's file, or into a new file with a line here, and gets a test.
import type { ExpressionFunction } from '../function.ts'
import { arithmeticFunctions } from './arithmetic.ts'
import { bitwiseFunctions } from './bitwise.ts'
import { castFunctions } from './cast.ts'
import { compareFunctions } from './compare.ts'
import { conditionalFunctions } from './conditional.ts'
import { logicFunctions } from './logic.ts'
import { numericFunctions } from './numeric.ts'
import { regexFunctions } from './regex.ts'
import { stringFunctions } from './strings.ts'
import { textFunctions } from './text.ts'
import { timeFunctions } from './time.ts'

/** Every function by family; names are unique. */
export const expressionFunctions: readonly ExpressionFunction[] = [
  ...compareFunctions,
  ...arithmeticFunctions,
  ...bitwiseFunctions,
  ...logicFunctions,
  ...conditionalFunctions,
  ...castFunctions,
  ...numericFunctions,
  ...stringFunctions,
  ...textFunctions,
  ...regexFunctions,
  ...timeFunctions,
]
