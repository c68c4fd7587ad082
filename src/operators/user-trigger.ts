// Calls a trigger that a user wrote. What it remembers of a window lies in the window, so that it is frozen with it; what goes wrong names the step and the function.
import { DataError, PlanError } from '../base/errors.ts'
import type { FunctionReference } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { TriggerAnswer, TriggerCall, TriggerFunctions } from '../window/trigger-functions.ts'
import type { WindowSpec } from '../window/window-spec.ts'
import type { KeyedWindow } from './keyed-windows.ts'
import type { OperatorContext } from './operator.ts'
import { fires, purges, type Trigger, type TriggerMoment, type Verdict } from './trigger.ts'

const verdicts = new Map<unknown, Verdict>([[undefined, 0], ['continue', 0], ['fire', fires], ['purge', purges], ['fireAndPurge', fires | purges]])
/** Times that a Date can hold. */
const timeMax = 8.64e15

/** The user's trigger that the function behind a reference makes. Throws PlanError TRIGGER where it is none; its functions' failures are DataErrors USER_FUNCTION and USER_RESULT. */
export function userTrigger(context: OperatorContext, reference: FunctionReference, window: WindowSpec): Trigger {
  const { where } = context
  const made = context.userFunction!(reference) as unknown as () => TriggerFunctions
  const functions = call(where, 'the function that makes', made) as TriggerFunctions
  checkTrigger(functions, window.kind, where)
  return {
    onRow: (own, _, at, row) => verdictOf(where, 'onRow', call(where, 'onRow', () => functions.onRow(row(), callOf(where, own, at)))),
    onEventTimer: (own, time, at) => (functions.onEventTime ? verdictOf(where, 'onEventTime', call(where, 'onEventTime', () => functions.onEventTime!(time, callOf(where, own, at, { event: time })))) : 0),
    onClockTimer: (own, time, at) => (functions.onProcessingTime ? verdictOf(where, 'onProcessingTime', call(where, 'onProcessingTime', () => functions.onProcessingTime!(time, callOf(where, own, at, { clock: time })))) : 0),
    onMerge: (own, others, at) => void call(where, 'onMerge', () => functions.onMerge!(others.map(other => other.state), callOf(where, own, at))),
    ...(functions.clear && { clear: (own: KeyedWindow, at: TriggerMoment) => void call(where, 'clear', () => functions.clear!(callOf(where, own, at))) }),
  }
}

/** Throws PlanError TRIGGER unless these are the functions of a trigger for such windows. */
export function checkTrigger(functions: TriggerFunctions, kind: WindowSpec['kind'], where: string): void {
  const found = functions as unknown as Record<string, unknown> | undefined
  const wrong = ['onRow', 'onEventTime', 'onProcessingTime', 'onMerge', 'clear'].find(name => typeof found?.[name] !== 'function' && (name === 'onRow' || found?.[name] !== undefined))
  if (wrong !== undefined) throw new PlanError('TRIGGER', `${where}: ${wrong} of the trigger is ${typeof found?.[wrong]}; give a function`)
  if ((kind === 'session' || kind === 'processingSession') && !functions.onMerge) throw new PlanError('TRIGGER', `${where}: the trigger has no onMerge, and sessions become one where a row joins them; give one`)
}

// `since`: the timer that calls. One that is set for then or earlier would call again at once, and so for ever.
function callOf(where: string, window: KeyedWindow, at: TriggerMoment, since: { readonly event?: number; readonly clock?: number } = {}): TriggerCall {
  const time = (of: number | Date, plus: Duration = 0) => timerTime(where, of, plus)
  const later = (set: number, than = Number.NEGATIVE_INFINITY) => {
    if (set > than) return set
    throw new PlanError('TIMER', `${where}: the trigger, called at ${than}, sets a timer for ${set}, which would call it again at once; give a later time`)
  }
  return {
    window: { start: window.start, end: window.end },
    state: window.state as TriggerCall['state'],
    timers: {
      eventTime: (of, plus) => at.events.set(window, later(time(of, plus), since.event)),
      processingTime: (of, plus) => at.clock.set(window, later(time(of, plus), since.clock)),
      deleteEventTime: (of, plus) => at.events.remove(window, time(of, plus)),
      deleteProcessingTime: (of, plus) => at.clock.remove(window, time(of, plus)),
      watermark: at.watermark,
      now: at.now,
    },
  }
}

function timerTime(where: string, given: number | Date, plus: Duration): number {
  const time = (given instanceof Date ? given.getTime() : Number(given)) + parseDuration(plus, `${where}: a timer of the trigger`)
  if (Number.isInteger(time) && Math.abs(time) <= timeMax) return time
  throw new PlanError('TIMER', `${where}: the trigger sets a timer for ${String(given)}${plus === 0 ? '' : ` plus ${plus}`}; give whole milliseconds since the epoch, or a Date`)
}

function call(where: string, name: string, body: () => unknown): unknown {
  let result: unknown
  try {
    result = body()
  } catch (cause) {
    if (cause instanceof PlanError) throw cause
    throw new DataError('USER_FUNCTION', `${where}: ${calledAs(name)} threw: ${cause instanceof Error ? cause.message : String(cause)}; catch it inside, or filter such rows out before`, { cause })
  }
  if (!(result instanceof Promise)) return result
  result.catch(() => {})
  throw new DataError('USER_RESULT', `${where}: ${calledAs(name)} returned a promise; triggers don't wait, so answer at once`)
}

const calledAs = (name: string) => (name.startsWith('the ') ? `${name} the trigger` : `${name} of the trigger`)

function verdictOf(where: string, name: string, answer: unknown): Verdict {
  const verdict = verdicts.get(answer as TriggerAnswer)
  if (verdict !== undefined) return verdict
  throw new DataError('USER_RESULT', `${where}: ${name} of the trigger returned ${JSON.stringify(answer) ?? String(answer)}; return 'fire', 'purge', 'fireAndPurge', 'continue' or nothing`)
}

/** The state of a trigger as text. Throws DataError TRIGGER_STATE where it holds what plain data can't say, such as Dates, Maps and bigints. */
export function stateText(where: string, frozen: { readonly state: { readonly [name: string]: Json } } & { readonly [name: string]: Json }): string {
  const wrong = Object.entries(frozen.state).find(([, value]) => !isPlain(value))
  if (wrong) throw new DataError('TRIGGER_STATE', `${where}: the trigger remembers "${wrong[0]}", which is no plain data, so that a checkpoint can't hold it; keep numbers, texts, lists and objects of them`)
  return JSON.stringify(frozen)
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isPlain)
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain)
}
