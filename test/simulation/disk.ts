// A disk as the worst one that keeps to the rules: until it is told to sync, it may lose what was written and named, piece by piece; a file whose
// sync failed has lost what was unsynced, though it can still be read. Processes come and go, and see it through sessions.
import type { Random } from '../../src/base/random.ts'

const pieceBytes = 64

/** A file: what readers see, what is on the platter, and what the next sync would write. */
export interface FileNode {
  readonly kind: 'file'
  readonly id: number
  bytes: Uint8Array
  durable: Uint8Array
  dirty: Uint8Array
}
interface FolderNode {
  readonly kind: 'directory'
  readonly id: number
  readonly names: Map<string, Node>
  readonly durable: Map<string, Node>
}
type Node = FileNode | FolderNode
interface Change {
  readonly folder: FolderNode
  readonly name: string
  readonly node: Node | undefined
}

/** The platter with the system's cache above it. All calls are at once and can't fail but as POSIX says. */
export class Disk {
  #nextId = 1
  readonly #root: FolderNode = this.#folder()
  /** Changes of names that no sync has made durable, each whole or not at all. */
  #pending: Change[][] = []

  #folder(): FolderNode {
    return { kind: 'directory', id: this.#nextId++, names: new Map(), durable: new Map() }
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of parts(path)) {
      if (node?.kind !== 'directory') return undefined
      node = node.names.get(name)
    }
    return node
  }

  file(path: string): FileNode {
    const node = this.find(path)
    if (!node) throw errno('ENOENT', path)
    if (node.kind === 'directory') throw errno('EISDIR', path)
    return node
  }

  folder(path: string): FolderNode {
    const node = this.find(path)
    if (!node) throw errno('ENOENT', path)
    if (node.kind === 'file') throw errno('ENOTDIR', path)
    return node
  }

  list(path: string): string[] {
    return [...this.folder(path).names.keys()].sort()
  }

  #around(path: string): { folder: FolderNode; name: string } {
    const names = parts(path)
    return { folder: this.folder(names.slice(0, -1).join('/')), name: names.at(-1)! }
  }

  #change(...changes: Change[]): void {
    for (const { folder, name, node } of changes) {
      if (node) folder.names.set(name, node)
      else folder.names.delete(name)
    }
    this.#pending.push(changes)
  }

  create(path: string): FileNode {
    const node: FileNode = { kind: 'file', id: this.#nextId++, bytes: new Uint8Array(), durable: new Uint8Array(), dirty: new Uint8Array() }
    this.#change({ ...this.#around(path), node })
    return node
  }

  makeFolder(path: string): void {
    if (this.find(path)) throw errno('EEXIST', path)
    this.#change({ ...this.#around(path), node: this.#folder() })
  }

  rename(source: string, target: string): void {
    const node = this.find(source)
    if (!node) throw errno('ENOENT', source)
    this.#change({ ...this.#around(source), node: undefined }, { ...this.#around(target), node })
  }

  link(source: string, target: string): void {
    if (this.find(target)) throw errno('EEXIST', target)
    this.#change({ ...this.#around(target), node: this.file(source) })
  }

  unlink(path: string): void {
    this.file(path)
    this.#change({ ...this.#around(path), node: undefined })
  }

  removeFolder(path: string): void {
    if (this.folder(path).names.size > 0) throw errno('ENOTEMPTY', path)
    this.#change({ ...this.#around(path), node: undefined })
  }

  removeTree(path: string): void {
    const node = this.find(path)
    if (!node) return
    if (node.kind === 'directory') for (const name of [...node.names.keys()]) this.removeTree(`${path}/${name}`)
    this.#change({ ...this.#around(path), node: undefined })
  }

  /** Puts bytes at a place of a file; where it ends before, zeros are between. */
  write(file: FileNode, bytes: Uint8Array, at: number): void {
    const length = Math.max(file.bytes.length, at + bytes.length)
    file.bytes = resized(file.bytes, length)
    file.dirty = resized(file.dirty, length)
    file.bytes.set(bytes, at)
    file.dirty.fill(1, at, at + bytes.length)
  }

  truncate(file: FileNode, bytes: number): void {
    file.bytes = resized(file.bytes, bytes)
    file.dirty = resized(file.dirty, bytes)
  }

  /** Makes a file's bytes durable. `fails`: the system forgets what it should have written. */
  sync(file: FileNode, fails: boolean): void {
    if (!fails) {
      const durable = resized(file.durable, file.bytes.length)
      for (let i = 0; i < durable.length; i++) if (file.dirty[i]) durable[i] = file.bytes[i]!
      file.durable = durable
    }
    file.dirty = new Uint8Array(file.bytes.length)
  }

  /** Makes a folder's names durable. */
  syncFolder(path: string): void {
    const folder = this.folder(path)
    this.#pending = this.#pending.filter(changes => {
      if (!changes.some(change => change.folder === folder)) return true
      settle(changes)
      return false
    })
  }

  /** Power is cut and comes back. `torn`: even one change of names may have happened by half. */
  cutPower(chance: Random, torn: boolean): void {
    for (const changes of this.#pending) {
      if (torn) settle(changes.filter(() => chance.int(2) === 0))
      else if (chance.int(2) === 0) settle(changes)
    }
    this.#pending = []
    const files = new Set<FileNode>()
    const walk = (folder: FolderNode) => {
      folder.names.clear()
      for (const [name, node] of folder.durable) {
        folder.names.set(name, node)
        if (node.kind === 'directory') walk(node)
        else files.add(node)
      }
    }
    walk(this.#root)
    for (const file of files) leave(file, chance)
  }

  /** All files, as readers see them. */
  paths(path = ''): string[] {
    const node = this.find(path)
    if (!node) return []
    return node.kind === 'file' ? [path] : [...node.names.keys()].sort().flatMap(name => this.paths(`${path}/${name}`))
  }
}

function settle(changes: readonly Change[]): void {
  for (const { folder, name, node } of changes) {
    if (node) folder.durable.set(name, node)
    else folder.durable.delete(name)
  }
}

// Of what was not synced any piece may be there; a length that was not synced may be the old one, or any between.
function leave(file: FileNode, chance: Random): void {
  const { bytes, durable, dirty } = file
  if (!dirty.includes(1) && bytes.length >= durable.length) {
    file.bytes = durable.slice()
  } else {
    const [shorter, longer] = bytes.length < durable.length ? [bytes.length, durable.length] : [durable.length, bytes.length]
    const left = resized(durable, shorter + chance.int(longer - shorter + 1))
    for (let at = 0; at < left.length; at += pieceBytes) {
      if (chance.int(2) === 0) continue
      for (let i = at; i < Math.min(at + pieceBytes, left.length, bytes.length); i++) if (dirty[i]) left[i] = bytes[i]!
    }
    file.bytes = left
  }
  file.durable = file.bytes.slice()
  file.dirty = new Uint8Array(file.bytes.length)
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes
  if (bytes.length > length) return bytes.slice(0, length)
  const longer = new Uint8Array(length)
  longer.set(bytes)
  return longer
}

function parts(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.')
}

/** An error as the system throws it. */
export function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
