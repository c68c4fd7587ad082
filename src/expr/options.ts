// The options of a call that are one of some words, and what to say of others.
import { didYouMean } from '../base/names.ts'
import type { CallOptions } from './function.ts'

/** Options by name, each with the words that it may be; `any` for values that the function checks itself. */
export type Choices = { readonly [option: string]: readonly string[] | 'any' }

/** What is wrong with the options of a call; undefined where nothing is. */
export function wrongOption(options: CallOptions, choices: Choices): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(choices, name)) {
      const names = Object.keys(choices)
      return `it has no option "${name}"${names.length > 0 ? `; there are ${names.join(', ')}` : ''}${didYouMean(name, names)}`
    }
    const words = choices[name]!
    if (words === 'any') continue
    if (!words.includes(value as string)) return `${name} is ${JSON.stringify(value)}; it must be ${words.map(w => `'${w}'`).join(', ')}${didYouMean(String(value), words)}`
  }
  return undefined
}
