// The package's entries in a few files under dist/bundle/, all at one depth: as far from the package's root as the rooms of src/ are, so that paths relative
// to import.meta.url hold. What tsc wrote at an entry's place becomes a line that leads there, so that every way into the package gives the same classes.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { rolldown } from 'rolldown'

/** Entries, by their path in dist/. A thread's has no other way in. */
const entries = { index: 'src/index.ts', 'ml/index': 'src/ml/index.ts', 'schedule/worker': 'src/schedule/worker.ts', 'cli/main': 'src/cli/main.ts' }
const folder = 'dist/bundle'
const nameOf = entry => entry.replace('/', '-')

/** Writes dist/bundle/ where it is older than src/. */
export async function bundle() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const made = `${folder}/index.js`
  const inputs = ['scripts/bundle.mjs', ...readdirSync('src', { recursive: true }).map(name => `src/${name}`)]
  if (!existsSync(made) || Math.max(...inputs.map(name => statSync(name).mtimeMs)) > statSync(made).mtimeMs) {
    rmSync(folder, { recursive: true, force: true })
    const build = await rolldown({
      input: Object.fromEntries(Object.entries(entries).map(([entry, source]) => [nameOf(entry), source])),
      platform: 'node',
      tsconfig: false,
      transform: { target: 'es2022' },
      external: [/^node:/, ...Object.keys({ ...dependencies, ...peerDependencies })],
      // A warning is a mistake here: a cycle, a name that isn't exported, a package that isn't ours.
      onLog: (level, log) => {
        throw new Error(`bundle: ${level}: ${log.message}`)
      },
    })
    const names = { entryFileNames: '[name].js', chunkFileNames: '[name].js' }
    await build.write({ dir: folder, format: 'esm', ...names, comments: { jsdoc: false }, codeSplitting: { groups: [{ name: chunkOf, debugName: 'loaded' }] } })
    await build.close()
  }
  for (const [entry, source] of Object.entries(entries)) {
    const first = readFileSync(source, 'utf8').match(/^#!.*\n/)?.[0] ?? ''
    const path = `${entry.includes('/') ? '../' : './'}bundle/${nameOf(entry)}.js`
    const text = `${first}export * from '${path}'\n`
    if (readFileSync(`dist/${entry}.js`, 'utf8') !== text) writeFileSync(`dist/${entry}.js`, text)
  }
}

// What is loaded anyway goes into three files: what the command line needs too, what threads need too, and the rest. What only an `import()` leads to
// stays by itself.
function chunkOf(id, modules) {
  const loadedBy = source => (reached[source] ??= reachedFrom(resolve(source), modules))
  if (!loadedBy(entries.index).has(id) || id === resolve(entries.index)) return null
  if (loadedBy(entries['cli/main']).has(id)) return 'base'
  return loadedBy(entries['schedule/worker']).has(id) ? 'engine' : 'frame'
}

const reached = {}

function reachedFrom(id, modules, found = new Set()) {
  if (found.has(id)) return found
  found.add(id)
  for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) reachedFrom(imported, modules, found)
  return found
}
