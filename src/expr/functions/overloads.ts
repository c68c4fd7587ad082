// One name for what strings and lists both have: length, contains, indexOf, concat, reverse. The first argument that isn't a literal decides.
import type { DataType } from '../../batch/data-type.ts'
import type { Argument, ExpressionFunction } from '../function.ts'

function isListed(type: DataType | undefined): boolean {
  return type?.kind === 'list' || type?.kind === 'fixedList' || type?.kind === 'map'
}

/** The function that is `ofLists` where its first argument is a list or map, else `ofTexts`. */
function overload(ofTexts: ExpressionFunction, ofLists: ExpressionFunction): ExpressionFunction {
  const subject = (args: readonly Argument[]) => args.find(arg => arg.type)?.type
  return {
    ...ofTexts,
    type: (args, options) => (isListed(subject(args)) ? ofLists : ofTexts).type(args, options),
    evaluate: (at, args, options, type) => (args.some(arg => isListed(arg.type)) ? ofLists : ofTexts).evaluate!(at, args, options, type),
  }
}

/** `texts`, those of them that a function of `lists` shares its name with for both. */
export function overloads(texts: readonly ExpressionFunction[], lists: readonly ExpressionFunction[]): ExpressionFunction[] {
  return texts.map(text => {
    const other = lists.find(fn => fn.name === text.name)
    return other ? overload(text, other) : text
  })
}
