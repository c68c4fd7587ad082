// The catalogue of functions in expressions. A new one goes into its family's file, or into a new file with a line here, and gets a test.
import type { ExpressionFunction } from '../function.ts'
import { arithmeticFunctions } from './arithmetic.ts'
import { bitwiseFunctions } from './bitwise.ts'
import { castFunctions } from './cast.ts'
import { compareFunctions } from './compare.ts'
import { conditionalFunctions } from './conditional.ts'
import { jsonFunctions } from './json.ts'
import { lambdaFunctions } from './lambdas.ts'
import { listFunctions, sharedListFunctions } from './lists.ts'
import { logicFunctions } from './logic.ts'
import { nestedFunctions } from './nested.ts'
import { numericFunctions } from './numeric.ts'
import { overloads } from './overloads.ts'
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
  ...overloads([...stringFunctions, ...textFunctions], sharedListFunctions),
  ...listFunctions,
  ...lambdaFunctions,
  ...nestedFunctions,
  ...jsonFunctions,
  ...regexFunctions,
  ...timeFunctions,
]
