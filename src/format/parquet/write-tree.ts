// A column's type as the tree of groups and leaves that a file is given of it: lists and maps in the three-level form (apache/parquet-format,
// LogicalTypes.md, "Nested Types"), structs as groups.
import { childrenOf, type DataType, isNested, layoutOf, type Member } from '../../batch/data-type.ts'
import { PlanError } from '../../base/errors.ts'
import type { Field } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import { unsupportedType } from '../../batch/unsupported.ts'
import { annotate, type StoredAs, storedAs } from './column-type.ts'
import { physicalTypes } from './metadata.ts'
import type { ThriftWriter } from './write-thrift.ts'

/** A node of the tree. `definition` is the level from which on it is there and not null, `repetition` the number of lists around it. */
export interface WrittenNode extends Member {
  readonly path: readonly string[]
  readonly definition: number
  readonly repetition: number
  /** Of a list or map its item, of a struct its members, of a leaf nothing. */
  readonly children: readonly WrittenNode[]
}

/** A node that has values, and how it stores them. */
export interface WrittenLeaf extends WrittenNode {
  readonly stored: StoredAs
}

/** The greatest level: a byte holds them, and 255 has a meaning of its own. */
const definitionMax = 254

/** The tree of a column. Throws PlanError TYPE, TYPE_UNSUPPORTED for types inside it that Parquet has no place for. */
export function writtenTree({ name, type, nullable }: Field, where: string): WrittenNode {
  return nodeOf({ type, nullable }, [name], 0, 0, where)
}

function nodeOf(member: Member, path: readonly string[], around: number, repetition: number, where: string): WrittenNode {
  const { type } = member
  // Nulls of the type that has nothing else are nulls to Parquet, too.
  const nullable = member.nullable || type.kind === 'null'
  const definition = around + (nullable ? 1 : 0)
  check(type, definition, `${where}, column "${path.join('.')}"`)
  const into = (child: Member, names: readonly string[], below: number, lists: number) => nodeOf(child, [...path, ...names], below, lists, where)
  const children = listInside(type)
    ? [into(childrenOf(type)[0]!, type.kind === 'map' ? ['key_value'] : ['list', 'element'], definition + 1, repetition + 1)]
    : childrenOf(type).map(child => into(child, [child.name], definition, repetition))
  const stored = storedAs(type)
  return { type, nullable, path, definition, repetition, children, ...(stored && { stored }) }
}

function check(type: DataType, definition: number, where: string): void {
  if (definition > definitionMax) throw new PlanError('TYPE', `${where}: the type is nested so deeply that its values have ${definition} levels; Parquet files of ours have at most ${definitionMax}; use fewer lists and structs`)
  if (type.kind === 'map' && type.key.kind === 'null') throw new PlanError('TYPE', `${where}: Parquet has no map whose keys are of type null; give it another type, or leave the column out by drop() or select()`)
  if (isNested(type) ? childrenOf(type).length > 0 : storedAs(type)) return
  if (type.kind === 'timestamp' || type.kind === 'time') throw new PlanError('TYPE', `${where}: Parquet has no ${typeName(type)}; cast it to ${type.kind}[ms]`)
  if (type.kind === 'struct') throw new PlanError('TYPE', `${where}: Parquet has no struct without members; give it one, or leave the column out by drop() or select()`)
  throw unsupportedType(where, type)
}

/** True for lists of every kind, maps among them: their items repeat. */
export function listInside(type: DataType): boolean {
  return type.kind === 'fixedList' || layoutOf(type) === 'list'
}

/** True for a node without others inside. */
export function isLeaf(node: WrittenNode): node is WrittenLeaf {
  return node.children.length === 0
}

/** The leaves of a node, in the order of their chunks. */
export function writtenLeaves(node: WrittenNode): WrittenLeaf[] {
  return isLeaf(node) ? [node] : node.children.flatMap(writtenLeaves)
}

const repetitions = { required: 0, optional: 1, repeated: 2 } as const

/** A line of a file's schema. */
interface Element {
  readonly name: string
  readonly repetition: keyof typeof repetitions
  readonly children: number
  /** What a leaf stores, and what the values mean; also LIST and MAP. */
  readonly leaf?: WrittenLeaf
  readonly is?: 'list' | 'map'
}

/** Writes the list of schema elements, the root's included, as field `id`. */
export function writeSchema(thrift: ThriftWriter, id: number, columns: readonly WrittenNode[]): void {
  thrift.structs(id, [undefined, ...columns.flatMap(node => elementsOf(node, node.path[0]!))], element => {
    if (element) writeElement(thrift, element)
    else thrift.binary(4, 'schema').i32(5, columns.length)
  })
}

function elementsOf(node: WrittenNode, name: string): Element[] {
  const { type, nullable, children } = node
  const repetition = nullable ? 'optional' : 'required'
  if (isLeaf(node)) return [{ name, repetition, children: 0, leaf: node }]
  if (type.kind === 'map') {
    const [key, value] = children[0]!.children
    return [{ name, repetition, children: 1, is: 'map' }, { name: 'key_value', repetition: 'repeated', children: 2 }, ...elementsOf(key!, 'key'), ...elementsOf(value!, 'value')]
  }
  if (listInside(type)) return [{ name, repetition, children: 1, is: 'list' }, { name: 'list', repetition: 'repeated', children: 1 }, ...elementsOf(children[0]!, 'element')]
  return [{ name, repetition, children: children.length }, ...children.flatMap(child => elementsOf(child, child.path.at(-1)!))]
}

// Numbers of the converted and of the logical type.
const groupTypes = { list: [3, 3], map: [1, 2] } as const

function writeElement(thrift: ThriftWriter, { name, repetition, children, leaf, is }: Element): void {
  if (leaf) {
    const { physical, width } = leaf.stored
    thrift.i32(1, physicalTypes.indexOf(physical))
    if (width !== undefined) thrift.i32(2, width)
  }
  thrift.i32(3, repetitions[repetition]).binary(4, name)
  if (leaf) return annotate(thrift, leaf.type)
  thrift.i32(5, children)
  if (is) thrift.i32(6, groupTypes[is][0]).begin(10).begin(groupTypes[is][1]).end().end()
}
