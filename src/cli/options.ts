// Reading the values of options.
import { InvalidArgumentError } from 'commander'

/** A parser of whole numbers in [min, max], for commander. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const number = Number(text)
    if (/^[\d.e+]+$/i.test(text) && Number.isSafeInteger(number) && number >= min && number <= max) return number
    throw new InvalidArgumentError(max === Number.MAX_SAFE_INTEGER ? `give a whole number of at least ${min}` : `give a whole number from ${min} to ${max}`)
  }
}

/** A parser of names separated by commas, for commander. */
export function nameList(text: string): string[] {
  const names = text.split(',').map(name => name.trim())
  if (names.some(name => name === '')) throw new InvalidArgumentError('give names separated by commas, as in a,b,c')
  return names
}

/** A parser of pairs of names, for commander: a=b,c=d. */
export function namePairs(text: string): Record<string, string> {
  const pairs = nameList(text).map(pair => pair.split('=').map(name => name.trim()))
  if (pairs.some(pair => pair.length !== 2 || pair.includes(''))) throw new InvalidArgumentError('give pairs separated by commas, as in a=b,c=d')
  return Object.fromEntries(pairs as [string, string][])
}
