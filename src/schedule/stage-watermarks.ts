// The watermarks of a stage: the least of its inputs goes in, the least of its instances comes out.

/** What reached the ports and left the instances of a stage so far. */
export class StageWatermarks {
  readonly #ports: number[]
  readonly #instances: number[]
  #out = Number.NEGATIVE_INFINITY

  /** `untimed`: a port whose watermarks don't count. */
  constructor(ports: number, instances: number, untimed?: number) {
    this.#ports = Array.from({ length: ports }, (_, port) => (port === untimed ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY))
    this.#instances = Array.from({ length: instances }, () => Number.NEGATIVE_INFINITY)
  }

  /** That of the input as a whole, where `watermark` at `port` moves it. `isOver`: of a port that has ended, so that it holds nothing up. */
  merged(port: number, watermark: number | undefined, isOver: (port: number) => boolean): number | undefined {
    if (watermark === undefined) return undefined
    const reached = this.#ports.map((w, other) => (other !== port && isOver(other) ? Number.POSITIVE_INFINITY : w))
    const before = Math.min(...reached)
    reached[port] = Math.max(reached[port]!, watermark)
    const merged = Math.min(...reached)
    return merged > before ? merged : undefined
  }

  /** A batch of `port` is begun. */
  reached(port: number, watermark = Number.NEGATIVE_INFINITY): void {
    this.#ports[port] = Math.max(this.#ports[port]!, watermark)
  }

  /** Instance `index` has told its own. */
  told(index: number, watermark: number): void {
    this.#instances[index] = watermark
  }

  /** The least of all instances, which all see every watermark, where it has moved and isn't the end. */
  lowest(): number | undefined {
    const lowest = Math.min(...this.#instances)
    if (lowest <= this.#out || lowest === Number.POSITIVE_INFINITY) return undefined
    this.#out = lowest
    return lowest
  }
}
