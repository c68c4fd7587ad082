// The texts that Nexmark events share: channels with their URLs, and the pool that `extra` is cut from. Made once a seed.

/** ASCII throughout. `channels[i]` has the URL `urls[i]`; the first `hotChannels` are drawn half of the time. */
export interface NexmarkText {
  readonly hotChannels: number
  readonly channels: readonly string[]
  readonly urls: readonly string[]
  readonly pool: Uint8Array
}

const poolBytes = 2 ** 20
const channelCount = 10_000
const hotNames = ['Google', 'Facebook', 'Baidu', 'Apple']
const made = new Map<number, NexmarkText>()

/** The texts of a seed. Cost: about 30 ms the first time. */
export function nexmarkText(seed: number): NexmarkText {
  let text = made.get(seed)
  if (!text) {
    if (made.size > 3) made.clear()
    made.set(seed, (text = makeText(seed)))
  }
  return text
}

function makeText(seed: number): NexmarkText {
  const pool = new Uint8Array(poolBytes)
  const anyInt = chance(seed ^ 0x706f6f6c)
  // 'a' plus a remainder that has the sign of its dividend: H to z, a backslash among them, as the original has it.
  for (let i = 0; i < poolBytes; i++) pool[i] = 97 + ((anyInt() | 0) % 26)
  const anyUrl = chance(seed ^ 0x75726c73)
  const below = (count: number) => Math.floor((anyUrl() * count) / 4294967296)
  const part = () => randomString(below, 5, '_')
  const url = () => `https://www.nexmark.com/${part()}/${part()}/${part()}/item.htm?query=1`
  const hotUrls = hotNames.map(url)
  const channels: string[] = []
  const urls: string[] = []
  for (let i = 0; i < channelCount; i++) {
    channels.push(`channel-${i}`)
    const plain = url()
    urls.push(below(10) > 0 ? `${plain}&channel_id=${channelId(i)}` : plain)
  }
  return { hotChannels: hotNames.length, channels: [...hotNames, ...channels], urls: [...hotUrls, ...urls], pool }
}

// The absolute value of the bits of i in reverse, in 32 bits: that of i = 1 stays negative.
function channelId(i: number): number {
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) reversed |= ((i >>> bit) & 1) << (31 - bit)
  return Math.abs(reversed) | 0
}

function chance(seed: number): () => number {
  let state = mix(seed)
  return () => {
    state = (state + 0x9e3779b9) | 0
    return mix(state) >>> 0
  }
}

/** 3 to lengthMax − 1 characters, one in 13 `special`, the others a to z. `below(n)` draws from [0, n). */
export function randomString(below: (count: number) => number, lengthMax: number, special: string): string {
  let text = ''
  for (let left = 3 + below(lengthMax - 3); left > 0; left--) text += below(13) === 0 ? special : String.fromCharCode(97 + below(26))
  return text
}

/** A well-mixed 32-bit number (Ellis, lowbias32). */
export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}
