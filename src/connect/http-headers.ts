// Addresses and headers of HTTP as users give them: credentials belong into headers, which are revealed only when they are sent.
import { PlanError } from '../base/errors.ts'
import { reveal, type SecretLike } from '../base/secret.ts'

/** Headers by name; secrets are in no plan and no message. */
export type HttpHeaders = Readonly<Record<string, SecretLike>>

/** The name of an address in messages: without user, query and fragment, where credentials may stand. */
export function addressName(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}

/** An address of one of `protocols`, such as 'https:'. Throws PlanError HTTP_OPTIONS, also where it holds a user or password. */
export function addressOf(text: unknown, protocols: readonly string[], where: string): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const wanted = protocols.map(protocol => `${protocol}//`).join(' or ')
  if (!url || !protocols.includes(url.protocol)) throw new PlanError('HTTP_OPTIONS', `${where}: ${url ? addressName(url) : JSON.stringify(text)} is no address that begins with ${wanted}; write one, as in '${protocols.at(-1)}//example.com/rows'`)
  if (url.username !== '' || url.password !== '') throw new PlanError('HTTP_OPTIONS', `${where}: ${addressName(url)}: the address holds a user or password; pass them as headers: { authorization: secret('…') }`)
  return url
}

/** The headers as they are sent. Throws PlanError HTTP_OPTIONS, SECRET: before anything is sent, since a message of fetch about a wrong header would quote it. */
export function sentHeaders(headers: HttpHeaders, where: string): Headers {
  const made = new Headers()
  for (const [header, value] of Object.entries(headers)) {
    const text = reveal(value, where)
    try {
      made.set(header, text)
    } catch {
      throw new PlanError('HTTP_OPTIONS', `${where}: "${header}" is no header that can be sent; its name or its value has characters that headers can't have`)
    }
  }
  return made
}

/** True of hosts that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
