// The catalogue of operators. A new one is its file, a line here, and a test.
import type { AnyOperatorType } from './operator.ts'

/** Every operator by kind. */
export const operatorTypes: readonly AnyOperatorType[] = []
