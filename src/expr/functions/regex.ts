// Regular expressions: JavaScript's, with the u flag. Options: `flags` (i m s), `start` (a character, from 0), `occurrence` (from 1), `group`.
// Null where any argument is.
import { DataError, PlanError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bool, type DataType, int32, utf8 } from '../../batch/data-type.ts'
import { andBits } from '../../compute/bitmap.ts'
import { isColumn, type Operand } from '../../compute/operand.ts'
import { allMatches, compileRegex, findMatch, groupOf, replaceMatches, requiredText, splitByMatches } from '../../compute/regex.ts'
import { testString } from '../../compute/strings.ts'
import { mapToText, mapToTexts, mapToValues, overDistinct } from '../../compute/text-rows.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { Argument, CallOptions, Evaluation, ExpressionFunction, Signature } from '../function.ts'
import { prefix } from '../function.ts'
import { partial, strict, type Wanted } from '../typing.ts'

const listOfText: DataType = { kind: 'list', item: { type: utf8, nullable: false } }

// A pattern that is written down is checked when the job is planned.
function checked(name: string, args: readonly Argument[], options: CallOptions, signature: Signature | undefined): Signature | string | undefined {
  const { flags = '', start = 0, occurrence = 1, group = 0 } = options
  const isWhole = (n: unknown, least: number) => Number.isInteger(n) && (n as number) >= least && (n as number) < 2 ** 31
  if (!isWhole(start, 0)) return 'start must be a whole number from 0'
  if (!isWhole(occurrence, name === 'regexReplace' ? 0 : 1)) return 'occurrence must be a whole number from 1'
  if (typeof group !== 'string' && !isWhole(group, 0)) return 'group must be a whole number from 0, or a name'
  const pattern = args[1]?.literal
  if (signature && typeof pattern === 'string') {
    try {
      const regex = compileRegex(pattern, String(flags), name)
      checkGroup(regex, pattern, group as number | string, name)
    } catch (error) {
      if (error instanceof DataError) throw new PlanError(error.code, error.message)
      throw error
    }
  }
  return signature
}

// The empty alternative makes any pattern match, and a match knows its groups.
function checkGroup(regex: RegExp, pattern: string, group: number | string, where: string): void {
  const match = new RegExp(`${regex.source}|`, regex.flags).exec('')!
  const names = Object.keys(match.groups ?? {})
  const known = typeof group === 'string' ? names.includes(group) : group < match.length
  if (known) return
  const found = `the pattern ${JSON.stringify(pattern)} has ${match.length - 1} groups${names.length > 0 ? `, named ${names.join(', ')}` : ''}`
  throw new PlanError('REGEX', `${where}: no group ${JSON.stringify(group)}; ${found}; put brackets around what is wanted`)
}

// A written-down pattern is compiled once a batch, and dictionaries are searched instead of columns.
function searching(
  at: Evaluation,
  args: readonly Operand[],
  { flags = '' }: CallOptions,
  compute: (columns: readonly Operand[], regexOf: (pattern: string) => RegExp) => Column,
): Column {
  const [text, pattern, ...others] = args
  const regexOf = (source: string) => compileRegex(source, String(flags), at.where)
  if (!isColumn(text!) || isColumn(pattern!) || others.some(isColumn)) return compute(args, regexOf)
  const regex = regexOf(String(pattern!.value))
  return overDistinct(at.device, at.arena, text, column => compute([column, pattern!, ...others], () => regex))
}

function regexFunction(
  name: string,
  wanted: readonly Wanted[],
  type: DataType,
  compute: (at: Evaluation, operands: readonly Operand[], options: CallOptions, regexOf: (pattern: string) => RegExp) => Column,
): ExpressionFunction {
  return {
    name,
    type: (args, options) => checked(name, args, options, name === 'regexExtract' ? partial(args, wanted, type) : strict(args, wanted, type)),
    evaluate: (at, args, options) => searching(at, args, options, (operands, regexOf) => compute(at, operands, options, regexOf)),
    describe: prefix(name),
  }
}

// A match is only looked for in texts that have what every match must have; the others count as nulls. For them that is what is given, or `isFalse`.
function whereItMayMatch(device: Device, arena: Arena, operands: readonly Operand[], { flags = '' }: CallOptions, isFalse: boolean, match: (operands: readonly Operand[]) => Column): Column {
  const [text, pattern, ...others] = operands as [Operand, Operand, ...Operand[]]
  const required = isColumn(text) && !isColumn(pattern) ? requiredText(String(pattern.value), String(flags)) : ''
  if (!isColumn(text) || required === '') return match(operands)
  const { values } = testString(device, arena, 'contains', text, { type: utf8, value: required })
  const matched = match([{ ...text, validity: andBits(device, arena, values, text.validity, text.length) }, pattern, ...others])
  return isFalse ? { ...matched, validity: text.validity } : matched
}

const place = ({ start = 0, occurrence }: CallOptions, fallback: number) => ({ start: start as number, occurrence: (occurrence ?? fallback) as number })

/** The functions of regular expressions. */
export const regexFunctions: readonly ExpressionFunction[] = [
  regexFunction('regexMatch', ['text', 'text'], bool, ({ device, arena }, operands, options, regexOf) =>
    whereItMayMatch(device, arena, operands, options, true, candidates =>
      mapToValues(device, arena, bool, candidates, (text: string, pattern: string) => findMatch(regexOf(pattern), text, place(options, 1)) !== null),
    ),
  ),
  regexFunction('regexExtract', ['text', 'text'], utf8, ({ device, arena }, operands, options, regexOf) =>
    whereItMayMatch(device, arena, operands, options, false, candidates =>
      mapToText(device, arena, 'regexExtract', candidates, (text: string, pattern: string) => {
        const match = findMatch(regexOf(pattern), text, place(options, 1))
        return match && groupOf(match, (options['group'] ?? 0) as number | string)
      }),
    ),
  ),
  regexFunction('regexExtractAll', ['text', 'text'], listOfText, ({ device, arena }, operands, { start = 0, group = 0 }, regexOf) =>
    mapToTexts(device, arena, 'regexExtractAll', operands, (text: string, pattern: string) =>
      allMatches(regexOf(pattern), text, start as number).map(match => groupOf(match, group as number | string) ?? ''),
    ),
  ),
  regexFunction('regexCount', ['text', 'text'], int32, ({ device, arena }, operands, { start = 0 }, regexOf) =>
    mapToValues(device, arena, int32, operands, (text: string, pattern: string) => allMatches(regexOf(pattern), text, start as number).length),
  ),
  regexFunction('regexReplace', ['text', 'text', 'text'], utf8, ({ device, arena }, operands, options, regexOf) =>
    mapToText(device, arena, 'regexReplace', operands, (text: string, pattern: string, by: string) =>
      replaceMatches(regexOf(pattern), text, by, place(options, 0)),
    ),
  ),
  regexFunction('regexSplit', ['text', 'text'], listOfText, ({ device, arena }, operands, _, regexOf) =>
    mapToTexts(device, arena, 'regexSplit', operands, (text: string, pattern: string) => splitByMatches(regexOf(pattern), text)),
  ),
]
