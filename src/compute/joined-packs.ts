// Blocks of several threads whose keys are packed into words (key-pack.ts) by dictionaries and ranges of each thread's own, with words that mean the same in
// all of them.
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { keyDictionary } from './any-key-dictionary.ts'
import { joinPacks, type KeyPack, type KeyPart, repackWords, samePack, withDictionary } from './key-pack.ts'
import { OwnedMemory } from './owned-memory.ts'
import { partRange, type RowBlock } from './row-block.ts'

/** Blocks whose words mean the same by `pack`. */
export interface JoinedPacks {
  readonly pack: KeyPack
  readonly blocks: readonly RowBlock[]
}

/**
 * The blocks, with the words of the parts [firstPart, endPart) rewritten where another pack is needed: those parts must be the caller's alone. New
 * dictionaries live in `arena`. Undefined, and nothing changed, where keys of a block are not packed, or no word holds the keys of all. Cost: nothing where packs
 * are the same; else 20 ns an entry of each dictionary, and 4 ns a row and key.
 */
export function joinBlockPacks(device: Device, arena: Arena, blocks: readonly RowBlock[], firstPart: number, endPart: number): JoinedPacks | undefined {
  const packs = blocks.map(block => block.pack)
  const [first] = packs
  if (!first || !packs.every(pack => pack !== undefined && isAlike(pack, first))) return undefined
  const known = packs as KeyPack[]
  const merged = first.map((part, i) => (part.kind === 'codes' ? mergeDictionaries(device, arena, known.map(pack => pack[i]!)) : undefined))
  const targets = known.map(pack => pack.map((part, i) => merged[i]?.part(part) ?? part))
  const pack = targets.reduce<KeyPack | undefined>((all, next) => all && joinPacks(all, next), targets[0])
  if (!pack) return undefined
  return { pack, blocks: blocks.map((block, b) => (samePack(known[b]!, pack) ? block : rewritten(device, block, pack, known[b]!.map((part, i) => merged[i]?.map(part) ?? 0), firstPart, endPart))) }
}

function isAlike(pack: KeyPack, other: KeyPack): boolean {
  return pack.length === other.length && pack.every((part, i) => part.kind === other[i]!.kind)
}

function rewritten(device: Device, block: RowBlock, pack: KeyPack, maps: readonly number[], firstPart: number, endPart: number): RowBlock {
  const [first, last] = [partRange(device, block, firstPart), partRange(device, block, endPart - 1)]
  repackWords(device, block.pack!, pack, maps, block.keys[0]!.values + 8 * first.start, last.start + last.count - first.start)
  return { ...block, pack }
}

interface Merged {
  /** The part with the merged dictionary. */
  part(part: KeyPart): KeyPart
  /** The address in the arena of a number of the merged dictionary for each number of the part's. */
  map(part: KeyPart): number
}

// One dictionary for a key's texts; undefined where all blocks have the same.
function mergeDictionaries(device: Device, arena: Arena, parts: readonly KeyPart[]): Merged | undefined {
  const dictionaries = new Map<number, { dictionary: Column; bits: number }>()
  for (const part of parts) if (part.kind === 'codes') dictionaries.set(part.dictionary.values, part)
  if (dictionaries.size < 2) return undefined
  const memory = new OwnedMemory(device)
  const scratch = device.arena()
  try {
    const table = keyDictionary(device, memory, [...dictionaries.values()][0]!.dictionary.type)
    const maps = new Map<number, number>()
    for (const { dictionary, bits } of dictionaries.values()) {
      const { values, length } = dictionary
      const map = arena.allocateZeroed(4 * 2 ** bits)
      const found = scratch.allocate(4 * length)
      table.find(scratch, dictionary, found)
      const numbers = device.memory.uint32s(map, length + 1)
      device.memory.uint32s(found, length).forEach((gid, code) => (numbers[code + 1] = gid + 1))
      maps.set(values, map)
    }
    const { type, length, values } = table.keys(arena)
    const all: Column = { type, length, values, validity: 0 }
    return {
      part: part => withDictionary(part, all, arena.address),
      map: part => (part.kind === 'codes' ? maps.get(part.dictionary.values)! : 0),
    }
  } finally {
    memory.close()
    scratch.release()
  }
}
