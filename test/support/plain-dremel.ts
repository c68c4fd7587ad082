// Nested records as columns of levels and values, plainly (Melnik et al., "Dremel", 2010): record by record, call by call. For tests that read nested files.

/** An element of a file's schema. A group has `children`; others a physical type. */
export interface PlainElement {
  readonly name: string
  readonly repetition: 'required' | 'optional' | 'repeated'
  /** Number of the converted type. */
  readonly converted?: number
  readonly physical?: 'BOOLEAN' | 'INT32' | 'INT64' | 'DOUBLE' | 'BYTE_ARRAY' | 'FIXED_LEN_BYTE_ARRAY'
  /** Bytes of a FIXED_LEN_BYTE_ARRAY, of which only nulls are written. */
  readonly width?: number
  readonly children?: readonly PlainElement[]
}

/** A leaf's entries: a repetition and a definition level each, and the values of those that have one. */
export interface PlainLeaf {
  readonly path: readonly string[]
  readonly physical: NonNullable<PlainElement['physical']>
  /** The greatest levels. */
  readonly repetition: number
  readonly definition: number
  readonly repetitions: number[]
  readonly definitions: number[]
  readonly values: unknown[]
}

/** The leaves of records, which are objects by element: a value, null for none, an array where it repeats. */
export function shred(schema: readonly PlainElement[], records: readonly Record<string, unknown>[]): PlainLeaf[] {
  const leaves = schema.flatMap(element => leavesOf(element, [], 0, 0))
  const byElement = new Map(leaves)
  for (const record of records) for (const element of schema) put(element, record[element.name], 0, 0, 0)
  return leaves.map(([, leaf]) => leaf)

  function put(element: PlainElement, value: unknown, repetition: number, definition: number, depth: number): void {
    const instances = element.repetition === 'repeated' ? (value as unknown[]) : value === null || value === undefined ? [] : [value]
    if (instances.length === 0) return putNothing(element, repetition, definition)
    const level = definition + (element.repetition === 'required' ? 0 : 1)
    const inside = depth + (element.repetition === 'repeated' ? 1 : 0)
    instances.forEach((instance, i) => {
      const at = i === 0 ? repetition : inside
      if (element.children) for (const child of element.children) put(child, (instance as Record<string, unknown>)[child.name], at, level, inside)
      else byElement.get(element)!.values.push(instance)
      if (!element.children) putLevels(element, at, level)
    })
  }

  function putNothing(element: PlainElement, repetition: number, definition: number): void {
    if (element.children) for (const child of element.children) putNothing(child, repetition, definition)
    else putLevels(element, repetition, definition)
  }

  function putLevels(element: PlainElement, repetition: number, definition: number): void {
    const leaf = byElement.get(element)!
    leaf.repetitions.push(repetition)
    leaf.definitions.push(definition)
  }
}

function leavesOf(element: PlainElement, before: readonly string[], repetition: number, definition: number): [PlainElement, PlainLeaf][] {
  const path = [...before, element.name]
  const levels = [repetition + (element.repetition === 'repeated' ? 1 : 0), definition + (element.repetition === 'required' ? 0 : 1)] as const
  if (element.children) return element.children.flatMap(child => leavesOf(child, path, ...levels))
  return [[element, { path, physical: element.physical!, repetition: levels[0], definition: levels[1], repetitions: [], definitions: [], values: [] }]]
}
