// A system behind a network: it never forgets, but requests to it, and its answers, take their time and may be lost. Whoever hears nothing can't know which.
import type { Outside } from './job.ts'
import type { World } from './world.ts'

const delayMs = 20

/** What is there, for all processes. */
export class Remote {
  readonly #staged = new Map<string, readonly string[]>()
  readonly #committed = new Set<string>()

  /** The rows that it shows. */
  get shown(): string[] {
    return [...this.#committed].flatMap(id => this.#staged.get(id) ?? [])
  }

  /** The way to it in one process's life. */
  over(world: World, lossPerMille: number): Outside {
    const isLost = () => lossPerMille > 0 && world.chance.int(1_000) < lossPerMille
    const travel = () => new Promise<void>(resolve => void world.after(world.chance.float() * delayMs, resolve))
    const request = async (what: string, act: () => void): Promise<void> => {
      await travel()
      const [isRequestLost, isAnswerLost] = [isLost(), isLost()]
      world.note(() => `${what}${isRequestLost ? ' is lost' : isAnswerLost ? ', and the answer is lost' : ''}`)
      if (!isRequestLost) act()
      await travel()
      if (isRequestLost || isAnswerLost) throw new Error('the connection was cut')
    }
    return {
      answer: travel,
      stage: (id, rows) => request(`stage ${id}`, () => void this.#staged.set(id, rows)),
      commit: id =>
        request(`commit ${id}`, () => {
          if (!this.#staged.has(id)) throw new Error(`${id} was not staged`)
          this.#committed.add(id)
        }),
    }
  }
}
