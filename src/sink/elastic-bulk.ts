// One bulk request on its way to an index: documents with unique ids as NDJSON, sent until the node has acknowledged each of them. Documents that
// a busy node puts off are sent again, alone; a request that is too large is halved.
import { ConnectorError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { ElasticClient } from '../connect/elastic-client.ts'
import { busyError, elasticProtocol, isBusy, type Refusal, refusalError } from '../connect/elastic-errors.ts'

const bodyBytesFirst = 65_536
const answerBytesFixed = 1_048_576
const answerBytesPerDocument = 2_048

/** Documents to write. A later document of an id takes the place of an earlier one. */
export class Bulk {
  readonly #slots = new Map<string, number>()
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #version: string
  #body = Buffer.allocUnsafe(bodyBytesFirst)
  #bytes = 0
  #replaced = false

  /** `version`: the external version of every document; undefined leaves versions to the node. */
  constructor(version: number | undefined) {
    this.#version = version === undefined ? '' : `,"version":${version},"version_type":"external_gte"`
  }

  /** Documents in it. */
  get documentCount(): number {
    return this.#slots.size
  }

  /** Bytes that it holds, those of replaced documents too. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a document: a JSON object and a line feed, copied; or where it is undefined its end. */
  add(id: string, document: Uint8Array | undefined): void {
    const action = `{"${document ? 'index' : 'delete'}":{"_id":${JSON.stringify(id)}${this.#version}}}\n`
    this.#reserve(3 * action.length + (document?.length ?? 0))
    let slot = this.#slots.get(id)
    if (slot === undefined) {
      slot = this.#starts.length
      this.#slots.set(id, slot)
    } else this.#replaced = true
    this.#starts[slot] = this.#bytes
    this.#bytes += this.#body.write(action, this.#bytes)
    if (document) this.#body.set(document, this.#bytes)
    this.#bytes += document?.length ?? 0
    this.#ends[slot] = this.#bytes
  }

  /** True where both write a document of the same id, so that their order matters. */
  overlaps(other: Bulk): boolean {
    const [few, many] = this.documentCount < other.documentCount ? [this, other] : [other, this]
    for (const id of few.#slots.keys()) if (many.#slots.has(id)) return true
    return false
  }

  /** Its ids; a slot is a place in this list. */
  ids(): string[] {
    return [...this.#slots.keys()]
  }

  /** The request body of the documents in `slots`. Valid as long as nothing is added. */
  body(slots: readonly number[]): Uint8Array {
    if (slots.length === this.documentCount && !this.#replaced) return this.#body.subarray(0, this.#bytes)
    return Buffer.concat(slots.map(slot => this.#body.subarray(this.#starts[slot], this.#ends[slot])))
  }

  #reserve(bytes: number): void {
    if (this.#bytes + bytes <= this.#body.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#body.length * 2, this.#bytes + bytes))
    this.#body.copy(larger, 0, 0, this.#bytes)
    this.#body = larger
  }
}

/**
 * Writes every document of `bulk` to `index`; resolves when all are acknowledged. Throws ConnectorError: ELASTIC_UNREACHABLE (retryable) when the
 * node stays away or busy, ELASTIC_REJECTED, ELASTIC_INDEX, ELASTIC_AUTH or ELASTIC_FENCED naming the first document that was refused, ELASTIC_TOO_LARGE
 * for one document alone, ELASTIC_PROTOCOL; CancelledError.
 */
export async function sendBulk(client: ElasticClient, index: string, bulk: Bulk): Promise<void> {
  const ids = bulk.ids()
  await sendSlots(client, index, bulk, ids, ids.map((_, slot) => slot))
}

async function sendSlots(client: ElasticClient, index: string, bulk: Bulk, ids: readonly string[], slots: readonly number[]): Promise<void> {
  const path = `/${encodeURIComponent(index)}/_bulk?filter_path=errors,items.*.status,items.*.error`
  let left = slots
  let leftBefore = left.length
  try {
    await client.retrying(
      async attempts => {
        leftBefore = left.length
        const answer = await client.askOnce({ method: 'POST', path, body: bulk.body(left), answerBytesMax: answerBytesFixed + left.length * answerBytesPerDocument }, attempts)
        const late = judge(answer, left, ids, client.where)
        left = late.slots
        if (late.first) throw busyError(late.first, left.length, client.where, attempts)
      },
      () => left.length < leftBefore,
    )
  } catch (thrown) {
    if (!(thrown instanceof ConnectorError && thrown.code === 'ELASTIC_TOO_LARGE') || left.length < 2) throw thrown
    const half = left.length >>> 1
    await sendSlots(client, index, bulk, ids, left.slice(0, half))
    await sendSlots(client, index, bulk, ids, left.slice(half))
  }
}

// The slots that the node puts off. Throws for those that it refuses.
function judge(answer: Json, slots: readonly number[], ids: readonly string[], where: string): { slots: readonly number[]; first?: Refusal } {
  const items = (answer as { items?: unknown } | null)?.items
  if (!Array.isArray(items) || items.length !== slots.length) throw elasticProtocol(where, `a bulk of ${slots.length} documents is answered with ${Array.isArray(items) ? `${items.length} items` : 'no list of items'}`)
  const late: number[] = []
  let first: Refusal | undefined
  let refused: Refusal | undefined
  let refusedCount = 0
  for (let i = 0; i < items.length; i++) {
    const { index, delete: gone } = (items[i] ?? {}) as { index?: unknown; delete?: unknown }
    const { status, error } = (index ?? gone ?? {}) as { status?: unknown; error?: unknown }
    if (typeof status !== 'number' || !Number.isInteger(status)) throw elasticProtocol(where, `item ${i} of the bulk's answer has no status`)
    // What is to be deleted and isn't there is gone already.
    if (error === undefined && ((status >= 200 && status <= 299) || (gone !== undefined && status === 404))) continue
    const refusal = { id: ids[slots[i]!]!, status, error }
    if (isBusy(status) || (error as { type?: unknown } | null)?.type === 'es_rejected_execution_exception') {
      first ??= refusal
      late.push(slots[i]!)
    } else {
      refused ??= refusal
      refusedCount++
    }
  }
  if (refused) throw refusalError(refused, refusedCount, slots.length, where)
  return { slots: late, first }
}
