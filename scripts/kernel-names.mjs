// The names that the kernels' binary exports, read from the sources: what index.ts lists. AssemblyScript takes the last of two functions of one name without
// a word, so that is an error here.
import { readFileSync } from 'node:fs'

/** Every kernel of a folder, sorted. Throws where two files have one of the same name. */
export function kernelNames(folder) {
  const found = new Map()
  for (const [, file] of readFileSync(`${folder}/index.ts`, 'utf8').matchAll(/from '\.\/([\w-]+)'/g)) {
    for (const [, name] of readFileSync(`${folder}/${file}.ts`, 'utf8').matchAll(/^export function (\w+)/gm)) {
      if (found.has(name)) throw new Error(`kernels: "${name}" is in ${found.get(name)}.ts and in ${file}.ts, and one would take the other's place; rename one`)
      found.set(name, file)
    }
  }
  return [...found.keys()].sort()
}
