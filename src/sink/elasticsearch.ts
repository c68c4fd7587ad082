// Rows into an Elasticsearch or OpenSearch index, by bulk requests written from columns. A document's id follows from its row, so a repeated row
// overwrites itself; an epoch is prepared when the node has acknowledged every document of it.
import { PlanError } from '../base/errors.ts'
import { fieldOf, type Fields, visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { type ElasticAuth, type ElasticTls, parseNode } from '../connect/elastic-node.ts'
import type { SinkType } from './sink.ts'

/** Options of `write.elasticsearch`; plain data but for secrets. */
export interface ElasticsearchOptions {
  /** The node's URL, with a path where a proxy wants one; no credentials. */
  readonly node: string
  readonly index: string
  /**
   * Columns, free of nulls, that make the document's id: rows of one id overwrite each other, the last one stays. Rows that change earlier ones write the document as it
   * is now, or delete it.
   */
  readonly id: readonly string[]
  readonly auth?: ElasticAuth
  readonly tls?: ElasticTls
  /** Documents per request at most; 5,000 by default. */
  readonly bulkRows?: number
  /** Bytes per request, beyond which no further document is added; 5 MiB by default. */
  readonly bulkBytes?: number
  /** Requests under way at most, 1 to 8; 2 by default. */
  readonly requestsMax?: number
  /** Attempts after the first while the node is busy or can't be reached and nothing moves on; 5 by default, over about 12 s. */
  readonly retries?: number
  /** The longest wait for one answer; a minute by default. */
  readonly timeoutMs?: number
  /** Makes an epoch's documents searchable as it is prepared. By default the index's own interval does. */
  readonly refresh?: boolean
  /** False leaves document versions to the node, so that several jobs may write the same documents. Default true. */
  readonly versioned?: boolean
}

const ranges = { bulkRows: [1, 1_000_000], bulkBytes: [1, 104_857_600], requestsMax: [1, 8], retries: [0, 100], timeoutMs: [1, 3_600_000] } as const
const optionNames = new Set(['node', 'index', 'id', 'auth', 'tls', 'refresh', 'versioned', ...Object.keys(ranges)])
const metadataFields = new Set(['_id', '_index', '_source', '_type', '_routing', '_version', '_seq_no', '_primary_term', '_field_names', '_ignored', '_nested_path', '_feature', '_tier', ''])

/** The sink behind `write.elasticsearch`. Opening greets the node, so that a wrong address or password shows before the first row. */
export const elasticsearchSink: SinkType<ElasticsearchOptions> = {
  kind: 'elasticsearch',
  delivery: () => 'idempotent',
  takesChanges: ({ id }) => (Array.isArray(id) ? { key: id } : undefined),
  check(options, fields, where) {
    checkOptions(options, where)
    checkIdColumns(options.id, fields, where)
    const reserved = visible(fields).find(f => metadataFields.has(f.name))
    if (reserved) throw new PlanError('ELASTIC_COLUMN', `${where}: a document can't have a field "${reserved.name}", which names metadata of the index; rename the column`)
  },
  async open(context, options) {
    const { openElasticWriter } = await import('./elastic-writer.ts')
    return openElasticWriter(context, options)
  },
  describe: ({ node, index, id }) => `elasticsearch ${parseNode(node, 'elasticsearch').origin}, index "${index}" by ${id.join(', ')} (idempotent)`,
}

function checkOptions(options: ElasticsearchOptions, where: string): void {
  const bad = (what: string) => new PlanError('ELASTIC_OPTIONS', `${where}: ${what}`)
  for (const name of Object.keys(options)) if (!optionNames.has(name)) throw bad(`no option "${name}"; the options are ${[...optionNames].join(', ')}`)
  if (typeof options.node !== 'string') throw bad("node is missing; write the node's URL, as in 'https://localhost:9200'")
  const url = parseNode(options.node, where)
  const { index, auth, tls } = options
  if (typeof index !== 'string' || !/^[^A-Z\\/*?"<>| ,#:\p{Cc}_+-][^A-Z\\/*?"<>| ,#:\p{Cc}]*$/u.test(index) || /^\.\.?$/.test(index) || Buffer.byteLength(index) > 255)
    throw bad(`${JSON.stringify(index) ?? 'nothing'} is no name of an index; write lower-case letters, digits, - and _, beginning with a letter or digit, at most 255 bytes`)
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges] ?? min
    if (!Number.isInteger(value) || value < min || value > max) throw bad(`${name} is ${JSON.stringify(value)}; give a whole number from ${min} to ${max}`)
  }
  if (tls && url.protocol !== 'https:') throw bad(`tls is given, but the URL begins with ${url.protocol}//; write https://`)
  if (auth && !('apiKey' in auth) && !('username' in auth && 'password' in auth)) throw bad("auth holds neither apiKey nor username and password; write auth: { apiKey: secret('NAME') } or auth: { username, password: secret('NAME') }")
  if (auth && 'username' in auth && (typeof auth.username !== 'string' || /[:\p{Cc}]/u.test(auth.username))) throw bad('the username holds a colon or a control character, which HTTP has no way to send; use another user')
}

// Throws PlanError ELASTIC_ID unless `id` names at least one column, each once, each free of nulls and not binary; NO_COLUMN for a misspelt one.
function checkIdColumns(id: unknown, fields: Fields, where: string): void {
  const bad = (what: string) => new PlanError('ELASTIC_ID', `${where}: ${what}`)
  if (!Array.isArray(id) || id.length === 0 || id.some(name => typeof name !== 'string')) throw bad(`id must list the columns that tell documents apart; found ${JSON.stringify(id) ?? 'none'}; write id: ['column', …]`)
  for (const [i, name] of (id as string[]).entries()) {
    const { type, nullable } = fieldOf(fields, name, where)
    if (id.indexOf(name) !== i) throw bad(`id names column "${name}" twice; name it once`)
    if (nullable) throw bad(`id column "${name}" is ${typeName(type, true)}, and a document needs its id; drop the rows without one and declare it ${typeName(type)}, or fill it in`)
    if (type.kind === 'binary') throw bad(`id column "${name}" is binary; use a column of text, numbers or timestamps`)
  }
}
