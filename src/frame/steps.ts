// What all families of a frame's methods stand on: the last step, and how a further one is added. A family is a file with the types of its
// methods (an interface over the schema, which frame-type.ts puts together) and their run time (a class; frame.ts is the end of the chain).
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { expressionOf, fromCallback } from './expression-of.ts'
import type { FrameNode, NodeEdge } from './node.ts'

/** A frame's last step. Immutable: every method makes a new frame of the class it is called on. */
export class Steps {
  readonly edge: NodeEdge

  constructor(edge: NodeEdge) {
    this.edge = edge
  }

  /** Adds an operator of any kind in the catalogue: how other rooms (ml) extend frames. */
  apply(kind: string, params: Json): this {
    return this.operator(kind, params)
  }

  /** This frame with an operator behind it; `label`: the method's name where that isn't the kind. */
  protected operator(kind: string, params: Json, label: string = kind): this {
    return this.next({ node: 'operator', label, kind, params, inputs: [this.edge], side: [] })
  }
  /** A frame over another node. */
  protected next(node: FrameNode): this {
    return this.at({ node })
  }
  /** A frame over an edge. */
  protected at(edge: NodeEdge): this {
    return new (this.constructor as new (edge: NodeEdge) => this)(edge)
  }
}

/** Expressions by name, of an object or a callback over the columns, as plain data. */
export function expressions(columns: unknown, where: string): Json {
  const given = typeof columns === 'function' ? (fromCallback(columns) as Record<string, unknown>) : (columns as Record<string, unknown>)
  return Object.fromEntries(Object.entries(given).map(([name, e]) => [name, expressionOf(e, where)])) as unknown as Json
}

/** A whole number from `least` on, or PlanError `code` naming `what`. */
export function wholeNumber(value: unknown, what: string, code: string, least = 0): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw new PlanError(code, `${what} is ${String(value)}; give a whole number from ${least}`)
  return value as number
}
