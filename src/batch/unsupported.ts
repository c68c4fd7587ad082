// The error for a type that a step, format or function can't take (yet): one message for all of them.
import { PlanError } from '../base/errors.ts'
import type { DataType } from './data-type.ts'
import { typeName } from './type-name.ts'

/** `where` can't work on columns of `type`. Throw it while the plan is resolved, where that is possible. */
export function unsupportedType(where: string, type: DataType): PlanError {
  return new PlanError('TYPE_UNSUPPORTED', `${where}: columns of type ${typeName(type)} are not taken here; cast them to a type that is, or leave them out by drop() or select()`)
}
