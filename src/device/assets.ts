// The files that ship with the package: kernel binaries, shaders, the worker's entry. The only place in device/ that does IO.
// Paths are relative to this file, and the same from src/ (tests), dist/ and dist/bundle/ (the package).

const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** Bytes of a shipped file, by its path from the package's root. */
async function asset(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`../../${path}`, import.meta.url)
  if (inNode) {
    const { readFile } = await import('node:fs/promises')
    return new Uint8Array(await readFile(url))
  }
  return new Uint8Array(await (await fetch(url)).arrayBuffer())
}

/** The kernels' binary for a machine with or without relaxed SIMD. */
export function kernelBinary(relaxed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  return asset(`dist/kernels/${relaxed ? 'relaxed' : 'simd'}.wasm`)
}

/** The names that the binary must export, as its sources had them when it was built. */
export async function kernelNames(): Promise<string[]> {
  return JSON.parse(new TextDecoder().decode(await asset('dist/kernels/exports.json'))) as string[]
}

/** A WGSL shader by its stem in kernels/. */
export async function shader(stem: string): Promise<string> {
  return new TextDecoder().decode(await asset(`kernels/${stem}.wgsl`))
}

/** The compiled entry of a worker thread. A thread runs plain JavaScript, so this is in dist/ also when the caller runs from src/. */
export function workerUrl(): URL {
  return new URL('../../dist/bundle/schedule-worker.js', import.meta.url)
}
