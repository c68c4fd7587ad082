// Two frames by equal keys.
import { PlanError } from '../base/errors.ts'
import type { Frame } from './frame-type.ts'
import { OrderSteps } from './order-methods.ts'
import type { Of, UnmetSame } from './resolve-types.ts'
import type { Clash, IsAny, Joined, Names } from './types.ts'

type KeyClash<S, R, L, RK> =
  IsAny<R> extends true ? never : L extends keyof S & string ? (RK extends keyof R & string ? UnmetSame<S[L], R[RK], 'join', Of<L>, Of<RK>> : never) : never
type NameClash<S, R, RK, X> = string extends X
  ? IsAny<R> extends true
    ? never
    : `both sides have '${Clash<S, R, RK>}'; give suffix: '_right', or rename it`
  : never
/** How two frames meet: equal keys; names on both sides need a suffix. */
export type JoinOn<S, R, L, RK, X> = {
  left: L | readonly L[]
  right: [KeyClash<S, R, L, RK>] extends [never] ? RK | readonly RK[] : `join: ${KeyClash<S, R, L, RK>}`
  how?: 'inner'
} & ([NameClash<S, R, RK, X>] extends [never] ? { suffix?: X } : { suffix: `join: ${NameClash<S, R, RK, X>}` })

/** The types of the family. */
export interface JoinMethods<in out S> {
  /** Each left row with each right row of equal key; null keys meet nothing. The right key is dropped. */
  join<R, const L extends Names<S>, const RK extends Names<R>, const X extends string = string>(
    right: Frame<R>,
    on: JoinOn<S, R, L, RK, X>,
  ): Frame<Joined<S, R, RK, X>>
}

/** The run time of the family. */
export class JoinSteps extends OrderSteps {
  join(right: JoinSteps, on: { left: string | readonly string[]; right: string | readonly string[]; how?: string; suffix?: string }): this {
    if (on.how !== undefined && on.how !== 'inner') throw new PlanError('JOIN_HOW', `join: how "${on.how}" is unknown; this version joins 'inner'`)
    const list = (names: string | readonly string[]) => (typeof names === 'string' ? [names] : [...names])
    const params = { left: list(on.left), right: list(on.right), ...(on.suffix !== undefined && { suffix: on.suffix }) }
    if (params.left.length !== params.right.length || params.left.length === 0)
      throw new PlanError('JOIN_KEYS', `join: ${params.left.length} left keys and ${params.right.length} right ones; give as many of each, at least one`)
    return this.next({ node: 'operator', label: 'join', kind: 'join', params, inputs: [this.edge, right.edge], side: [] })
  }
}
