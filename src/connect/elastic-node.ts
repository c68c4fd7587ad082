// How users name an Elasticsearch or OpenSearch node: plain data of the plan, checked before anything is opened.
import { PlanError } from '../base/errors.ts'
import type { SecretLike } from '../base/secret.ts'

/** Who asks: an API key (as the node gave it, base64), or a user of the node. */
export type ElasticAuth = { readonly apiKey: SecretLike } | { readonly username: string; readonly password: SecretLike }

/** TLS to the node. */
export interface ElasticTls {
  /** The authorities to trust instead of the machine's, as PEM. */
  readonly ca?: string
  /** False trusts every certificate: for trials only. Default true. */
  readonly rejectUnauthorized?: boolean
}

/** The URL of a node. Throws PlanError ELASTIC_OPTIONS, which never quotes credentials, where it isn't one or carries them. */
export function parseNode(node: string, where: string): URL {
  const url = URL.canParse(node) ? new URL(node) : undefined
  if (url && (url.username || url.password)) throw new PlanError('ELASTIC_OPTIONS', `${where}: the node's URL holds credentials, which would be seen in plans and logs; give them as auth: { username, password: secret('NAME') }`)
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash)
    throw new PlanError('ELASTIC_OPTIONS', `${where}: "${node.replace(/\/\/.*@/s, '//…@')}" is no node; write its URL, as in 'https://localhost:9200'`)
  return url
}
