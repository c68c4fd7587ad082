// A disk in memory that loses what was not synced, tears writes and fails the n-th call, under the real storage code. After a failed call of kind
// 'crash' every call fails, until `reboot()` shows what a power cut would have left: synced bytes and names, and any part of the rest.
import { random, type Random } from '../../src/base/random.ts'
import type { FileCalls, WritableFile } from '../../src/storage/file-calls.ts'

interface Blob {
  current: Uint8Array
  durable: Uint8Array
}
type Entry = Blob | 'folder'

/** What happens at a failing call: the machine dies; or the call alone fails with an errno, writing half of its bytes. */
export type Fault = 'crash' | 'ENOSPC' | 'EIO' | 'EACCES'

export class FaultyDisk implements FileCalls {
  /** Calls made so far; a fault is set for one of them. */
  callCount = 0
  #failAt = Number.POSITIVE_INFINITY
  #fault: Fault = 'crash'
  #isDead = false
  #names = new Map<string, Entry>([['.', 'folder']])
  #durableNames = new Map<string, Entry>(this.#names)
  #chance: Random

  constructor(seed = 1) {
    this.#chance = random(seed)
  }

  failAt(call: number, fault: Fault): void {
    this.#failAt = call
    this.#fault = fault
  }

  /** What is there after power returns. Names that were not synced are there or not, by chance; so are unsynced bytes, up to any length. */
  reboot(): void {
    this.#isDead = false
    this.#failAt = Number.POSITIVE_INFINITY
    const names = new Map(this.#durableNames)
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      if (this.#names.get(name) === this.#durableNames.get(name) || this.#chance.int(2) === 0) continue
      const entry = this.#names.get(name)
      if (entry) names.set(name, entry)
      else names.delete(name)
    }
    for (const entry of new Set(names.values())) {
      if (entry === 'folder') continue
      const whole = entry.current.length >= entry.durable.length ? entry.current : entry.durable
      const length = entry.durable.length + this.#chance.int(whole.length - entry.durable.length + 1)
      entry.current = entry.durable = whole.slice(0, length)
    }
    const reachable = [...names].filter(([name]) => name === '.' || names.get(parent(name)) === 'folder')
    this.#names = new Map(reachable)
    this.#durableNames = new Map(reachable)
  }

  /** Changes a file behind the engine's back. */
  tamper(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const blob = this.#blob(path)
    blob.current = blob.durable = change(blob.current.slice())
  }

  files(): string[] {
    return [...this.#names].flatMap(([name, entry]) => (entry === 'folder' ? [] : [name])).sort()
  }

  contents(path: string): Uint8Array {
    return this.#blob(path).current
  }

  async open(path: string, how: 'new' | 'append'): Promise<WritableFile> {
    this.#step()
    const existing = this.#names.get(path)
    if (existing && how === 'new') throw errno('EEXIST')
    if (this.#names.get(parent(path)) !== 'folder') throw errno('ENOENT')
    if (existing === 'folder') throw errno('EISDIR')
    const blob: Blob = existing ?? { current: new Uint8Array(), durable: new Uint8Array() }
    this.#names.set(path, blob)
    return {
      write: async bytes => {
        const whole = concat(blob.current, bytes)
        this.#step(() => (blob.current = whole.slice(0, blob.current.length + this.#chance.int(bytes.length + 1))))
        blob.current = whole
      },
      sync: async () => {
        this.#step()
        blob.durable = blob.current
      },
      close: async () => this.#step(),
    }
  }

  async makeFolder(path: string): Promise<boolean> {
    this.#step()
    if (this.#names.has(path)) return false
    this.#names.set(path, 'folder')
    return true
  }

  async syncFolder(path: string): Promise<void> {
    this.#step()
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      if (parent(name) !== path) continue
      const entry = this.#names.get(name)
      if (entry) this.#durableNames.set(name, entry)
      else this.#durableNames.delete(name)
    }
  }

  async rename(source: string, target: string): Promise<void> {
    this.#step()
    const entry = this.#names.get(source)
    if (!entry) throw errno('ENOENT')
    for (const names of entry === 'folder' ? [this.#names, this.#durableNames] : []) {
      for (const [name, inner] of [...names]) {
        if (!name.startsWith(`${source}/`)) continue
        names.delete(name)
        names.set(target + name.slice(source.length), inner)
      }
    }
    // A folder's move is journaled at once here; a file's waits for the sync of its folder.
    if (entry === 'folder') {
      this.#durableNames.delete(source)
      this.#durableNames.set(target, entry)
    }
    this.#names.delete(source)
    this.#names.set(target, entry)
  }

  async link(source: string, target: string): Promise<void> {
    this.#step()
    if (this.#names.has(target)) throw errno('EEXIST')
    this.#names.set(target, this.#blob(source))
  }

  async unlink(path: string): Promise<void> {
    this.#step()
    if (!this.#names.delete(path)) throw errno('ENOENT')
  }

  async truncate(path: string, bytes: number): Promise<void> {
    this.#step()
    const blob = this.#blob(path)
    blob.current = blob.durable = blob.current.slice(0, bytes)
  }

  async removeTree(path: string): Promise<void> {
    this.#step()
    for (const name of [...this.#names.keys()]) if (name === path || name.startsWith(`${path}/`)) this.#names.delete(name)
  }

  async read(path: string): Promise<Uint8Array> {
    this.#step()
    return this.#blob(path).current.slice()
  }

  async stat(path: string): Promise<{ kind: 'file' | 'directory'; bytes: number }> {
    this.#step()
    const entry = this.#names.get(path)
    if (!entry) throw errno('ENOENT')
    return entry === 'folder' ? { kind: 'directory', bytes: 0 } : { kind: 'file', bytes: entry.current.length }
  }

  async list(path: string): Promise<string[]> {
    this.#step()
    if (this.#names.get(path) !== 'folder') throw errno('ENOENT')
    return [...this.#names.keys()].filter(name => name !== '.' && parent(name) === path).map(name => name.slice(name.lastIndexOf('/') + 1))
  }

  #blob(path: string): Blob {
    const entry = this.#names.get(path)
    if (!entry || entry === 'folder') throw errno('ENOENT')
    return entry
  }

  #step(partly?: () => void): void {
    if (this.#isDead) throw errno('EIO')
    if (++this.callCount !== this.#failAt) return
    partly?.()
    this.#isDead = this.#fault === 'crash'
    throw errno(this.#fault === 'crash' ? 'EIO' : this.#fault)
  }
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}

function parent(path: string): string {
  const at = path.lastIndexOf('/')
  return at < 0 ? '.' : path.slice(0, at)
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
