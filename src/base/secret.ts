// A secret is carried as a reference, never as text: it prints as its name, survives JSON as its name, and is read from the
// environment only by the connector that needs it, in the process that needs it.
import { PlanError } from './errors.ts'

/** A reference to an environment variable whose value must not be seen. Made by `secret(name)`. */
export class Secret {
  readonly secret: string
  constructor(name: string) {
    this.secret = name
  }
  toString(): string {
    return `[secret ${this.secret}]`
  }
  toJSON(): { secret: string } {
    return { secret: this.secret }
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** Names a secret that lives in the environment variable `name`. Nothing is read until a connector reveals it. */
export function secret(name: string): Secret {
  return new Secret(name)
}

/** A secret as options hold it: a reference, its plain-data form after JSON, or (discouraged) the text itself. */
export type SecretLike = Secret | { secret: string } | string

/** The text behind a secret. Throws PlanError SECRET, which names the variable and never a value, when it isn't set. */
export function reveal(value: SecretLike, where: string): string {
  if (typeof value === 'string') {
    revealed.set(value, 'in the options')
    return value
  }
  const text = typeof process === 'undefined' ? undefined : process.env[value.secret]
  if (text === undefined || text === '')
    throw new PlanError('SECRET', `${where}: the environment variable ${value.secret} is not set; set it to the secret's value`)
  revealed.set(text, value.secret)
  return text
}

const revealed = new Map<string, string>()
const hideCharactersMin = 4

/** `text` with every secret revealed so far in this thread replaced by its name: the last guard before a log, an error of a client library, an audit entry. */
export function redact(text: string): string {
  for (const [value, name] of revealed) {
    if (value.length >= hideCharactersMin && text.includes(value)) text = text.replaceAll(value, `[secret ${name}]`)
  }
  return text
}

/** `error` itself, with every secret revealed so far taken out of its message and stack, and out of those of its causes: users' code may have put them there. */
export function redactError<E extends Error>(error: E): E {
  const seen = new Set<unknown>()
  for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at)
    for (const key of ['message', 'stack'] as const) {
      const text = at[key]
      if (typeof text === 'string' && redact(text) !== text) Reflect.set(at, key, redact(text))
    }
  }
  return error
}
