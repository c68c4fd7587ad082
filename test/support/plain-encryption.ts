// Parquet's modular encryption as its specification has it (apache/parquet-format, Encryption.md), plainly and apart from src: plain files are sealed into encrypted ones, module by
// module, and encrypted ones opened into plain ones. Metadata is carried as generic Thrift, so that nothing of it is lost.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type Bytes, decodeThrift, encodeThrift, type Struct, text, type Thrift } from './plain-thrift.ts'

/** A key, and what files say of it. */
export interface PlainKey {
  readonly key: Uint8Array
  readonly metadata?: string
}

/** How a file is sealed. Columns that have no key are plain, unless `allColumns` says that they have the footer's. */
export interface SealOptions {
  readonly cipher: 'AES_GCM_V1' | 'AES_GCM_CTR_V1'
  readonly footer: PlainKey
  /** By path, as in a.list.element. */
  readonly columns?: Readonly<Record<string, PlainKey>>
  readonly allColumns?: boolean
  readonly isFooterPlain?: boolean
  readonly aadPrefix?: string
  readonly isPrefixStored?: boolean
  readonly unique: Uint8Array
  /** The next nonce. */
  nonce(): Uint8Array
}

/** Numbers of the kinds of modules. */
export const moduleKind = { footer: 0, columnMetadata: 1, dataPage: 2, dictionaryPage: 3, dataPageHeader: 4, dictionaryPageHeader: 5, columnIndex: 6, offsetIndex: 7, bloomHeader: 8, bloomBits: 9 } as const

/** A module in an encrypted file: [start, end) with its length in front. */
export interface Module {
  readonly kind: number
  readonly ordinals: readonly number[]
  readonly start: number
  readonly end: number
  readonly key: Bytes
}

const latin = (value: string) => Uint8Array.from(value, char => char.charCodeAt(0))
const u16 = (value: number) => [value & 255, value >> 8]
const u32 = (value: number) => Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24)
const readU32 = (bytes: Bytes, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
const join = (...parts: readonly Bytes[]) => new Uint8Array(Buffer.concat(parts))

/** What is authenticated with a module. */
export function associated(file: Bytes, kind: number, ordinals: readonly number[]): Bytes {
  return join(file, Uint8Array.of(kind), Uint8Array.from(ordinals.flatMap(u16)))
}

/** A whole module of AES-GCM. */
export function sealGcm(key: Bytes, nonce: Bytes, bytes: Bytes, aad: Bytes): Bytes {
  const cipher = createCipheriv(`aes-${8 * key.length}-gcm` as 'aes-128-gcm', key, nonce)
  cipher.setAAD(aad)
  const sealed = join(cipher.update(bytes), cipher.final())
  return join(u32(12 + sealed.length + 16), nonce, sealed, cipher.getAuthTag())
}

/** What a module of AES-GCM, with its length, holds. Throws where anything is wrong. */
export function openGcm(key: Bytes, module: Bytes, aad: Bytes): Bytes {
  if (readU32(module, 0) !== module.length - 4) throw new Error(`a module of ${module.length} bytes says ${readU32(module, 0)}`)
  const cipher = createDecipheriv(`aes-${8 * key.length}-gcm` as 'aes-128-gcm', key, module.subarray(4, 16))
  cipher.setAAD(aad)
  cipher.setAuthTag(module.subarray(-16))
  return join(cipher.update(module.subarray(16, -16)), cipher.final())
}

function ctr(key: Bytes, nonce: Bytes, bytes: Bytes): Bytes {
  return join(createCipheriv(`aes-${8 * key.length}-ctr`, key, join(nonce, Uint8Array.of(0, 0, 0, 1))).update(bytes))
}

// Fields of Thrift structs, by their numbers in parquet.thrift.
const number = (struct: Struct, id: number) => Number(struct.get(id)?.value ?? 0)
const setInt = (struct: Struct, id: number, value: number, type = 6) => void struct.set(id, { type, value: BigInt(value) })
const setBinary = (struct: Struct, id: number, value: Bytes) => void struct.set(id, { type: 8, value })
const setStruct = (struct: Struct, id: number, value: Struct) => void struct.set(id, { type: 12, value })
const listOf = (struct: Struct, id: number) => ((struct.get(id) as Thrift & { items?: unknown })?.value ?? []) as Struct[]
const structOf = (struct: Struct, id: number) => struct.get(id)?.value as Struct
/** The path of a column, from its metadata. */
export const pathOf = (meta: Struct) => (meta.get(3)!.value as unknown as Bytes[]).map(text).join('.')
const sorted = (struct: Struct): Struct => new Map([...struct].sort(([a], [b]) => a - b))

const struct = (...fields: readonly [number, Thrift][]): Struct => new Map(fields)

function algorithm({ cipher, aadPrefix, isPrefixStored = true, unique }: SealOptions): Struct {
  const inner = struct()
  if (aadPrefix !== undefined && isPrefixStored) setBinary(inner, 1, latin(aadPrefix))
  setBinary(inner, 2, unique)
  if (aadPrefix !== undefined && !isPrefixStored) inner.set(3, { type: 1, value: true })
  return struct([cipher === 'AES_GCM_V1' ? 1 : 2, { type: 12, value: inner }])
}

/** An encrypted file of a plain one. */
export function sealFile(plain: Bytes, options: SealOptions): { bytes: Bytes; modules: Module[] } {
  const { footer: footerKey, isFooterPlain = false, columns = {}, allColumns = false, cipher, nonce } = options
  const file = join(latin(options.aadPrefix ?? ''), options.unique)
  const out: Bytes[] = [latin(isFooterPlain ? 'PAR1' : 'PARE')]
  let size = 4
  const modules: Module[] = []
  const put = (bytes: Bytes) => {
    out.push(bytes)
    size += bytes.length
    return bytes.length
  }
  const gcm = (key: Bytes, kind: number, ordinals: number[], bytes: Bytes, at = size) => {
    const module = sealGcm(key, nonce(), bytes, associated(file, kind, ordinals))
    modules.push({ kind, ordinals, start: at, end: at + module.length, key })
    return module
  }
  const page = (key: Bytes, kind: number, ordinals: number[], bytes: Bytes, at: number) => {
    if (cipher === 'AES_GCM_V1') return gcm(key, kind, ordinals, bytes, at)
    const once = nonce()
    const module = join(u32(12 + bytes.length), once, ctr(key, once, bytes))
    modules.push({ kind, ordinals, start: at, end: at + module.length, key })
    return module
  }
  const footer = decodeThrift(plain.subarray(plain.length - 8 - readU32(plain, plain.length - 8), plain.length - 8)).struct
  const keyOf = (meta: Struct): PlainKey | undefined => columns[pathOf(meta)] ?? (allColumns ? footerKey : undefined)
  const locations = new Map<Struct, [number, number][]>()
  listOf(footer, 4).forEach((group, g) => {
    setInt(group, 7, g, 4)
    for (const [c, chunk] of listOf(group, 1).entries()) {
      const meta = structOf(chunk, 3)
      const key = keyOf(meta)?.key
      const start = number(meta, 11) > 0 ? Math.min(number(meta, 11), number(meta, 9)) : number(meta, 9)
      const end = start + number(meta, 7)
      const place = size
      if (!key) put(plain.slice(start, end))
      let data = 0
      const pages: [number, number][] = []
      for (let at = start; key && at < end; ) {
        const { struct: header, end: bodyAt } = decodeThrift(plain, at)
        const isDictionary = number(header, 1) === 2
        const body = plain.slice(bodyAt, bodyAt + number(header, 3))
        at = bodyAt + number(header, 3)
        setInt(header, 3, body.length + (cipher === 'AES_GCM_V1' ? 32 : 16), 5)
        const ordinals = isDictionary ? [g, c] : [g, c, data++]
        const from = size
        put(gcm(key, isDictionary ? moduleKind.dictionaryPageHeader : moduleKind.dataPageHeader, ordinals, encodeThrift(header)))
        put(page(key, isDictionary ? moduleKind.dictionaryPage : moduleKind.dataPage, ordinals, body, size))
        if (!isDictionary) pages.push([from, size - from])
      }
      if (number(meta, 11) > 0) setInt(meta, 11, key ? place : number(meta, 11) - start + place)
      setInt(meta, 9, pages[0]?.[0] ?? number(meta, 9) - start + place)
      setInt(meta, 7, size - place)
      setInt(chunk, 2, place)
      locations.set(chunk, pages)
    }
  })
  const sealed = (chunk: Struct, g: number, c: number, kind: number, offsetAt: number, lengthAt: number, change: (index: Struct) => void) => {
    if (!chunk.has(offsetAt)) return
    const key = keyOf(structOf(chunk, 3))?.key
    const index = decodeThrift(plain, number(chunk, offsetAt)).struct
    change(index)
    const bytes = encodeThrift(index)
    const at = size
    put(key ? gcm(key, kind, [g, c], bytes) : bytes)
    setInt(chunk, offsetAt, at)
    setInt(chunk, lengthAt, size - at, 5)
  }
  listOf(footer, 4).forEach((group, g) => {
    listOf(group, 1).forEach((chunk, c) => sealed(chunk, g, c, moduleKind.columnIndex, 6, 7, () => {}))
    listOf(group, 1).forEach((chunk, c) =>
      sealed(chunk, g, c, moduleKind.offsetIndex, 4, 5, index => {
        const pages = locations.get(chunk)!
        const shift = number(structOf(chunk, 3), 9) - number(listOf(index, 1)[0] ?? struct(), 1)
        listOf(index, 1).forEach((location, i) => {
          setInt(location, 1, pages[i]?.[0] ?? number(location, 1) + shift)
          if (pages[i]) setInt(location, 2, pages[i][1], 5)
        })
      }),
    )
  })
  listOf(footer, 4).forEach((group, g) => {
    for (const [c, chunk] of listOf(group, 1).entries()) {
      const meta = structOf(chunk, 3)
      const own = columns[pathOf(meta)]
      const key = keyOf(meta)
      if (!key) continue
      const crypto = struct()
      if (own) {
        const inner = struct([1, meta.get(3)!])
        if (own.metadata !== undefined) setBinary(inner, 2, latin(own.metadata))
        setStruct(crypto, 2, inner)
      } else setStruct(crypto, 1, struct())
      setStruct(chunk, 8, crypto)
      // A whole footer hides the metadata of columns with its own key.
      if (!own && !isFooterPlain) continue
      setBinary(chunk, 9, gcm(key.key, moduleKind.columnMetadata, [g, c], encodeThrift(meta), -1))
      if (isFooterPlain) meta.delete(12)
      else chunk.delete(3)
    }
    group.set(1, { ...group.get(1)!, value: listOf(group, 1).map(sorted) as never })
  })
  if (isFooterPlain) {
    setStruct(footer, 8, algorithm(options))
    if (footerKey.metadata !== undefined) setBinary(footer, 9, latin(footerKey.metadata))
    const bytes = encodeThrift(sorted(footer))
    const signed = sealGcm(footerKey.key, nonce(), bytes, associated(file, moduleKind.footer, []))
    const all = join(bytes, signed.subarray(4, 16), signed.subarray(-16))
    put(join(all, u32(all.length), latin('PAR1')))
  } else {
    const crypto = struct([1, { type: 12, value: algorithm(options) }])
    if (footerKey.metadata !== undefined) setBinary(crypto, 2, latin(footerKey.metadata))
    const head = encodeThrift(crypto)
    const module = gcm(footerKey.key, moduleKind.footer, [], encodeThrift(sorted(footer)), size + head.length)
    put(join(head, module, u32(head.length + module.length), latin('PARE')))
  }
  return { bytes: join(...out), modules: modules.filter(({ start }) => start >= 0) }
}

/** What opening a file took. */
export interface OpenOptions {
  readonly footer: Bytes
  readonly columns?: Readonly<Record<string, Bytes>>
  readonly aadPrefix?: string
}

/** The plain file in an encrypted one of which every module must open, and its modules. Indexes and bloom filters are opened and left out of the plain file. */
export function openFile(bytes: Bytes, { footer: footerKey, columns = {}, aadPrefix }: OpenOptions): { plain: Bytes; modules: Module[]; nonces: string[]; footer: Struct; algorithm: Struct; keyMetadata: Bytes | undefined } {
  const modules: Module[] = []
  const nonces: string[] = []
  const isFooterPlain = text(bytes.subarray(-4)) === 'PAR1'
  const end = bytes.length - 8
  const from = end - readU32(bytes, end)
  const head = decodeThrift(bytes, from)
  const cipher = structOf(head.struct, isFooterPlain ? 8 : 1)
  const isGcm = cipher.has(1)
  const details = structOf(cipher, isGcm ? 1 : 2)
  const stored = details.get(1)?.value as Bytes | undefined
  if (!stored && (details.get(3)?.value === true) !== (aadPrefix !== undefined)) throw new Error('a prefix that is given is said to be needed, and no other')
  const file = join(stored ?? latin(aadPrefix ?? ''), details.get(2)!.value as Bytes)
  const note = (module: Bytes, kind: number, ordinals: number[], start: number, key: Bytes) => {
    nonces.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(module.subarray(4, 16)).toString('hex')}`)
    modules.push({ kind, ordinals, start, end: start + module.length, key })
  }
  const opened = (key: Bytes, kind: number, ordinals: number[], start: number, isCtr = false): [Bytes, number] => {
    const module = bytes.subarray(start, start + 4 + readU32(bytes, start))
    note(module, kind, ordinals, start, key)
    return [isCtr ? ctr(key, module.subarray(4, 16), module.subarray(16)) : openGcm(key, module, associated(file, kind, ordinals)), start + module.length]
  }
  const footer = isFooterPlain ? head.struct : decodeThrift(opened(footerKey, moduleKind.footer, [], head.end)[0]).struct
  if (isFooterPlain) {
    const signature = bytes.subarray(head.end, end)
    const expected = sealGcm(footerKey, signature.subarray(0, 12), bytes.subarray(from, head.end), associated(file, moduleKind.footer, []))
    if (signature.length !== 28 || !Buffer.from(expected.subarray(-16)).equals(signature.subarray(12))) throw new Error('the signature is wrong')
  }
  const algorithmStruct = cipher
  const keyMetadata = (isFooterPlain ? footer.get(9) : head.struct.get(2))?.value as Bytes | undefined
  const out: Bytes[] = [latin('PAR1')]
  let size = 4
  const put = (part: Bytes) => {
    out.push(part)
    size += part.length
  }
  listOf(footer, 4).forEach((group, g) => {
    for (const [c, chunk] of listOf(group, 1).entries()) {
      const crypto = chunk.get(8)?.value as Struct | undefined
      const redacted = chunk.get(3)?.value as Struct | undefined
      const path = crypto?.has(2) ? (structOf(crypto, 2).get(1)!.value as unknown as Bytes[]).map(text).join('.') : pathOf(redacted!)
      const key = crypto?.has(2) ? columns[path] : crypto ? footerKey : undefined
      if (crypto && !key) throw new Error(`no key for ${path}`)
      const sealedMeta = chunk.get(9)?.value as Bytes | undefined
      if (sealedMeta) note(sealedMeta, moduleKind.columnMetadata, [g, c], -1, key!)
      if (sealedMeta && !isFooterPlain && redacted) throw new Error(`the metadata of ${path} is there in the open`)
      if (redacted?.has(12) && crypto && isFooterPlain) throw new Error(`the statistics of ${path} are there in the open`)
      const meta = sealedMeta ? decodeThrift(openGcm(key!, sealedMeta, associated(file, moduleKind.columnMetadata, [g, c]))).struct : redacted!
      const start = number(meta, 11) > 0 ? number(meta, 11) : number(meta, 9)
      const stop = start + number(meta, 7)
      const place = size
      let dataAt = -1
      if (!key) put(bytes.slice(start, stop))
      let data = 0
      const pages: [number, number][] = []
      for (let at = start; key && at < stop; ) {
        const isDictionary = at === number(meta, 11)
        const ordinals = isDictionary ? [g, c] : [g, c, data++]
        const [headerBytes, bodyAt] = opened(key, isDictionary ? moduleKind.dictionaryPageHeader : moduleKind.dataPageHeader, ordinals, at)
        const header = decodeThrift(headerBytes).struct
        const [body, next] = opened(key, isDictionary ? moduleKind.dictionaryPage : moduleKind.dataPage, ordinals, bodyAt, !isGcm)
        if (next - bodyAt !== number(header, 3)) throw new Error(`${path}: a page header says ${number(header, 3)} bytes, the module has ${next - bodyAt}`)
        if (!isDictionary) pages.push([at, next - at])
        if (!isDictionary && dataAt < 0) dataAt = size
        at = next
        setInt(header, 3, body.length, 5)
        header.delete(4)
        put(encodeThrift(header))
        put(body)
      }
      checkIndexes(chunk, key, pages, path, (kind, at) => opened(key!, kind, [g, c], at), bytes)
      if (number(meta, 11) > 0) setInt(meta, 11, key ? place : number(meta, 11) - start + place)
      setInt(meta, 9, key ? dataAt : number(meta, 9) - start + place)
      setInt(meta, 7, size - place)
      for (const id of [4, 5, 6, 7, 8, 9]) chunk.delete(id)
      setInt(chunk, 2, place)
      if (meta.has(14)) openBloom(meta, key, (kind, at) => opened(key!, kind, [g, c], at))
      meta.delete(14)
      meta.delete(15)
      setStruct(chunk, 3, meta)
    }
    group.set(1, { ...group.get(1)!, value: listOf(group, 1).map(sorted) as never })
  })
  footer.delete(8)
  footer.delete(9)
  const end2 = encodeThrift(footer)
  put(join(end2, u32(end2.length), latin('PAR1')))
  return { plain: join(...out), modules, nonces, footer, algorithm: algorithmStruct, keyMetadata }
}

// An offset index must name just the pages that are there.
function checkIndexes(chunk: Struct, key: Bytes | undefined, pages: [number, number][], path: string, open: (kind: number, at: number) => [Bytes, number], bytes: Bytes): void {
  const at = (offset: number, length: number, kind: number): Struct | undefined => {
    if (!chunk.has(offset)) return undefined
    const start = number(chunk, offset)
    if (!key) return decodeThrift(bytes, start).struct
    const [inside, end] = open(kind, start)
    if (end - start !== number(chunk, length)) throw new Error(`${path}: an index is said to have ${number(chunk, length)} bytes, it has ${end - start}`)
    return decodeThrift(inside).struct
  }
  at(6, 7, moduleKind.columnIndex)
  const offsets = at(4, 5, moduleKind.offsetIndex)
  const named = offsets && listOf(offsets, 1).map(location => [number(location, 1), number(location, 2)])
  if (named && key && JSON.stringify(named) !== JSON.stringify(pages)) throw new Error(`${path}: the offset index says ${JSON.stringify(named)}, the pages are ${JSON.stringify(pages)}`)
}

function openBloom(meta: Struct, key: Bytes | undefined, open: (kind: number, at: number) => [Bytes, number]): void {
  if (!key) return
  const [, bitsAt] = open(moduleKind.bloomHeader, number(meta, 14))
  open(moduleKind.bloomBits, bitsAt)
}
