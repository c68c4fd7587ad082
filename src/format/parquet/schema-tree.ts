// A file's schema as a tree of what columns are made of, by the rules that tell lists and maps of all writers (apache/parquet-format, LogicalTypes.md, "Nested
// Types"). The depth is bounded, since types are walked by calls; that the elements form a tree was checked before.
import { DataError } from '../../base/errors.ts'
import { type DataType, entriesOf, type StructMember } from '../../batch/data-type.ts'
import { annotationOf, type Int96Unit, typeOfElement } from './column-type.ts'
import { type PhysicalType, physicalTypes, type SchemaElement } from './metadata.ts'

/** A column of values: what its chunk holds. */
export interface ParquetLeaf {
  /** Its type, and whether it may be null where its parent has a place for it. The name is that of a column, or the path of a leaf inside one, such as `a.list.element`. */
  readonly field: { readonly name: string; readonly type: DataType; readonly nullable: boolean }
  /** The position of its chunk in each row group. */
  readonly leaf: number
  readonly physical: PhysicalType
  /** Bytes of a FIXED_LEN_BYTE_ARRAY or INT96. */
  readonly typeLength: number
  /** The type of what its pages hold: see `column-type.ts`. */
  readonly stored: DataType
  /** Whether its 16 bytes are a UUID. */
  readonly isUuid?: boolean
}

/**
 * What all nodes of a nested column have. `definition` is the level from which on it is there and not null; `slot` the level from which on it has a place at all:
 * that of an item of the list around it, 0 outside of lists; `repetition` the number of lists around it.
 */
interface NodeFacts {
  readonly type: DataType
  readonly nullable: boolean
  readonly definition: number
  readonly slot: number
  readonly repetition: number
}

/** A node without others inside. */
export interface LeafNode extends NodeFacts {
  readonly kind: 'leaf'
  readonly leaf: ParquetLeaf
}

/** A struct. */
export interface StructNode extends NodeFacts {
  readonly kind: 'struct'
  readonly members: readonly ParquetNode[]
}

/** A list, or a map as one of structs. Items are there from `definition + 1` on, and repeat at `repetition + 1`. */
export interface ListNode extends NodeFacts {
  readonly kind: 'list'
  readonly item: ParquetNode
}

/** A node of a nested column. */
export type ParquetNode = LeafNode | StructNode | ListNode

/** The leaves of a node, in the order of their chunks. */
export function leavesOf(node: ParquetNode): LeafNode[] {
  if (node.kind === 'leaf') return [node]
  return node.kind === 'list' ? leavesOf(node.item) : node.members.flatMap(leavesOf)
}

/** The first of them. */
export function firstLeaf(node: ParquetNode): ParquetLeaf {
  return node.kind === 'leaf' ? node.leaf : firstLeaf(node.kind === 'list' ? node.item : node.members[0]!)
}

/** What names of types may nest, less a bit (`batch/type-name.ts`). */
const depthMax = 60

/** What is around an element. */
interface Around {
  readonly path: string
  readonly definition: number
  readonly slot: number
  readonly repetition: number
  readonly depth: number
}

/** Makes nodes of a schema's elements, in their order. */
export class SchemaTree {
  readonly #schema: readonly SchemaElement[]
  readonly #where: string
  readonly #int96: Int96Unit | undefined
  #at = 0
  #leaf = 0
  constructor(schema: readonly SchemaElement[], where: string, int96: Int96Unit | undefined) {
    this.#schema = schema
    this.#where = where
    this.#int96 = int96
  }

  /** The node of the column whose element is number `start`, and whose first leaf is number `leaf`. Throws DataError PARQUET_SCHEMA, UNREADABLE_COLUMN with only the reason. */
  column(start: number, leaf: number): ParquetNode {
    this.#at = start
    this.#leaf = leaf
    return this.#element({ path: '', definition: 0, slot: 0, repetition: 0, depth: 0 })
  }

  // An element that stands by itself: a repeated one is a list.
  #element(around: Around): ParquetNode {
    const element = this.#schema[this.#at]!
    if (element.repetition === 2) return this.#repeated(around, around.definition, false)
    return this.#single({ ...around, definition: around.definition + element.repetition }, element.repetition === 1)
  }

  // A list whose items are the repeated element at hand. `definition` is from where on the list is there.
  #repeated(around: Around, definition: number, nullable: boolean): ParquetNode {
    const item = this.#single(insideList(around, definition), false)
    return listOf(around, definition, nullable, item)
  }

  // An element, its repetition put aside. `around.definition` is from where on it is there.
  #single(around: Around, nullable: boolean): ParquetNode {
    const element = this.#check(around)
    if (element.children === 0) return this.#leafNode(element, around, nullable)
    const annotation = annotationOf(element)
    const only = element.children === 1 ? this.#schema[this.#at + 1]! : undefined
    const isRepeated = only?.repetition === 2
    if (isRepeated && annotation === 'LIST') return this.#list(element, around, nullable)
    if (isRepeated && (annotation === 'MAP' || annotation === 'MAP_KEY_VALUE') && only.children > 0) return this.#map(around, nullable)
    return this.#struct(around, nullable)
  }

  #check(around: Around): SchemaElement {
    const element = this.#schema[this.#at]!
    if (around.depth > depthMax) throw unreadable(`nested deeper than ${depthMax} levels`)
    if (![0, 1, 2].includes(element.repetition)) throw this.#corrupt(around, `the repetition is ${element.repetition}, known are 0, 1 and 2`)
    return element
  }

  #list(element: SchemaElement, around: Around, nullable: boolean): ParquetNode {
    this.#at++
    const { children, name } = this.#schema[this.#at]!
    const first = this.#schema[this.#at + 1]
    const inside = { ...within(around, element), depth: around.depth }
    // The repeated element is the item itself, unless it is a group around the one item.
    if (children !== 1 || first!.repetition === 2 || name === 'array' || name === `${element.name}_tuple`) return this.#repeated(inside, around.definition, nullable)
    const group = this.#check(inside)
    this.#at++
    return listOf(around, around.definition, nullable, this.#element({ ...within(insideList(inside, around.definition), group), depth: around.depth + 1 }))
  }

  #map(around: Around, nullable: boolean): ParquetNode {
    const outer = this.#schema[this.#at++]!
    const group = this.#schema[this.#at]!
    const inside = insideList({ ...within(around, outer), depth: around.depth }, around.definition)
    const entries = this.#single(inside, false)
    if (entries.kind !== 'struct') return listOf(around, around.definition, nullable, entries)
    const [key, value] = entries.members
    // Without values it is a set.
    if (group.children === 1) return listOf(around, around.definition, nullable, key!)
    if (group.children !== 2) return listOf(around, around.definition, nullable, entries)
    const type: DataType = { kind: 'map', key: key!.type, value: { type: value!.type, nullable: value!.nullable } }
    return { ...listOf(around, around.definition, nullable, { ...entries, type: entriesOf(type) }), type }
  }

  #struct(around: Around, nullable: boolean): ParquetNode {
    const element = this.#schema[this.#at++]!
    const members: ParquetNode[] = []
    const named: StructMember[] = []
    const names = new Set<string>()
    for (let i = 0; i < element.children; i++) {
      const { name } = this.#schema[this.#at]!
      if (names.has(name)) throw unreadable(`a struct with two members called "${name}"`)
      names.add(name)
      const member = this.#element(within(around, element))
      members.push(member)
      named.push({ name, type: member.type, nullable: member.nullable })
    }
    return { kind: 'struct', type: { kind: 'struct', members: named }, nullable, definition: around.definition, slot: around.slot, repetition: around.repetition, members }
  }

  #leafNode(element: SchemaElement, around: Around, nullable: boolean): ParquetNode {
    const physical = physicalTypes[element.type ?? -1]
    if (!physical) throw this.#corrupt(around, `the physical type is number ${element.type}, known are 0 to 7`)
    if (physical === 'FIXED_LEN_BYTE_ARRAY' && (element.typeLength < 1 || element.typeLength > 0x100000)) throw this.#corrupt(around, `the fixed length is ${element.typeLength} bytes`)
    const found = typeOfElement(physical, element, this.#int96)
    const name = within(around, element).path
    if (typeof found === 'string') throw unreadable(around.path === '' ? found : `nested, with ${found} in "${name}"`)
    this.#at++
    const { type, stored } = found
    const leaf: ParquetLeaf = { field: { name, type, nullable }, leaf: this.#leaf++, physical, typeLength: physical === 'INT96' ? 12 : element.typeLength, stored, ...(annotationOf(element) === 'UUID' && physical === 'FIXED_LEN_BYTE_ARRAY' && element.typeLength === 16 && { isUuid: true }) }
    return { kind: 'leaf', type, nullable, definition: around.definition, slot: around.slot, repetition: around.repetition, leaf }
  }

  #corrupt(around: Around, what: string): DataError {
    return new DataError('PARQUET_SCHEMA', `${this.#where}, column "${within(around, this.#schema[this.#at]!).path}": ${what}; the file is corrupt`)
  }
}

function within(around: Around, { name }: SchemaElement): Around {
  return { ...around, path: around.path === '' ? name : `${around.path}.${name}`, depth: around.depth + 1 }
}

function insideList(around: Around, definition: number): Around {
  return { ...around, definition: definition + 1, slot: definition + 1, repetition: around.repetition + 1, depth: around.depth + 1 }
}

function listOf(around: Around, definition: number, nullable: boolean, item: ParquetNode): ListNode {
  const { slot, repetition } = around
  return { kind: 'list', type: { kind: 'list', item: { type: item.type, nullable: item.nullable } }, nullable, definition, slot, repetition, item }
}

function unreadable(why: string): DataError {
  return new DataError('UNREADABLE_COLUMN', why)
}
