// Memory that the columns of a writer use in turns, each within a call: there may be thousands of columns.
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'

/** What one column leaves in any of it, the next one overwrites. */
export class EncoderScratch {
  /** Values without the nulls between them. */
  readonly packed: Scratch
  /** Different numbers of a page. */
  readonly used: Scratch
  /** A page's values again. */
  readonly expanded: Scratch
  /** What a codec makes of a page, and what it needs meanwhile. */
  readonly compressed: Scratch
  readonly codec: Scratch
  constructor(device: Device) {
    this.packed = new Scratch(device)
    this.used = new Scratch(device)
    this.expanded = new Scratch(device)
    this.compressed = new Scratch(device)
    this.codec = new Scratch(device)
  }

  /** Gives the memory back. */
  close(): void {
    for (const scratch of [this.packed, this.used, this.expanded, this.compressed, this.codec]) scratch.close()
  }
}
