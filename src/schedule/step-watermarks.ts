// How watermarks go down the chain of a task's operators.
import type { Operator, Output } from '../operators/operator.ts'

/** The watermarks of a chain. `outOf` gives where a step emits to. */
export class StepWatermarks {
  readonly #operators: readonly Operator[]
  readonly #outOf: (step: number) => Output
  readonly #reached: number[]
  #last = Number.NEGATIVE_INFINITY

  constructor(operators: readonly Operator[], outOf: (step: number) => Output) {
    this.#operators = operators
    this.#outOf = outOf
    this.#reached = operators.map(() => Number.NEGATIVE_INFINITY)
  }

  /** That behind the last operator. */
  get last(): number {
    return this.#last
  }

  /** A watermark comes to operator `from`. One that generates its own replaces it, except the last one, Infinity. */
  advance(watermark: number, from = 0): void {
    let current = watermark
    for (let step = from; step < this.#operators.length; step++) {
      const operator = this.#operators[step]!
      if (current <= this.#reached[step]!) return
      this.#reached[step] = current
      operator.advance?.(current, this.#outOf(step))
      if (operator.watermark && current !== Number.POSITIVE_INFINITY) current = operator.watermark()
    }
    this.#last = Math.max(this.#last, current)
  }

  /** Passes on what operators have generated meanwhile. */
  generated(): void {
    this.#operators.forEach((operator, step) => {
      if (operator.watermark) this.advance(operator.watermark(), step + 1)
    })
  }

  /** Nothing comes any more. */
  end(): void {
    this.#last = Number.POSITIVE_INFINITY
  }
}
