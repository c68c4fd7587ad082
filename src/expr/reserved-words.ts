// The words that columns can't be named by in the text form of expressions unless they are quoted.
const words = new Set(
  ['and', 'or', 'not', 'in', 'is', 'null', 'true', 'false', 'between', 'like', 'ilike', 'escape', 'case', 'when', 'then', 'else', 'end', 'as', 'div', 'distinct', 'from'],
)

/** A name as the text form has it: in quotes where it isn't a plain word. */
export function nameText(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isReserved(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** True for words of the language, in any case, and for the numbers that have names. */
export function isReserved(name: string): boolean {
  return words.has(name.toLowerCase()) || name === 'NaN' || name === 'Infinity'
}
