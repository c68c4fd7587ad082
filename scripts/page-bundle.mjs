// The package for pages, in a few files under dist/page/ that import nothing: no package, and no module of Node's. What src/ takes from Node's modules is there as functions that
// throw a DeviceError when they are called: nothing of them is called where files come from addresses, Blobs, bytes and readers.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { rolldown } from 'rolldown'

const folder = 'dist/page'
/** Packages that are loaded where a job asks for them; a page has none. */
const absent = /^(webgpu|apache-arrow|commander|typescript|@platformatic\/kafka)(\/.*)?$/

/** Writes dist/page/ where it is older than src/. */
export async function bundlePage() {
  const made = `${folder}/index.js`
  const sources = readdirSync('src', { recursive: true }).filter(name => name.endsWith('.ts')).map(name => `src/${name}`)
  const inputs = ['scripts/page-bundle.mjs', ...sources]
  if (existsSync(made) && Math.max(...inputs.map(name => statSync(name).mtimeMs)) <= statSync(made).mtimeMs) return
  rmSync(folder, { recursive: true, force: true })
  const build = await rolldown({
    input: { index: 'src/index.ts' },
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2022' },
    plugins: [nodeModules(sources.map(name => readFileSync(name, 'utf8')))],
    onLog: (level, log) => {
      // A newer Node's function, which is asked for before it is called; and a module of Node's that some files load late, and others at once.
      if (log.code === 'IMPORT_IS_UNDEFINED' || log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return
      throw new Error(`page bundle: ${level}: ${log.message}`)
    },
  })
  await build.write({ dir: folder, format: 'esm', minify: true, keepNames: true, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' })
  await build.close()
}

// Each module of Node's as one of the names that any source takes from it.
function nodeModules(texts) {
  const names = new Map()
  const add = (module, name) => names.set(module, (names.get(module) ?? new Set()).add(name))
  for (const text of texts) {
    for (const [, list, module] of text.matchAll(/^import \{([^}]+)\} from '(node:[^']+)'/gm))
      for (const item of list.split(',').map(item => item.trim()).filter(item => item !== '' && !item.startsWith('type '))) add(module, item.split(/\s+as\s+/)[0])
    for (const [, alias, module] of text.matchAll(/^import \* as (\w+) from '(node:[^']+)'/gm))
      for (const [, name] of text.matchAll(new RegExp(`\\b${alias}\\.(\\w+)`, 'g'))) add(module, name)
    for (const [, list, module] of text.matchAll(/\{([^{}]+)\} = await import\('(node:[^']+)'\)/g)) for (const item of list.split(',')) add(module, item.trim().split(':')[0])
  }
  return {
    name: 'node-modules',
    resolveId: source => (source.startsWith('node:') || absent.test(source) ? `\0${source}` : undefined),
    load(id) {
      if (!id.startsWith('\0')) return undefined
      const module = id.slice(1)
      const lines = [...(names.get(module) ?? [])].map(name => `export function ${name}() { absent('${name}') }`)
      const throwing = `function absent(name) { throw new DeviceError('NO_NODE', \`a page has no \${name} of ${module}, which this needs; use it in Node, or give files as addresses, Files, bytes or readers\`) }`
      const loading = absent.test(module) ? [`absent('package')`] : []
      return [`import { DeviceError } from ${JSON.stringify(resolve('src/base/errors.ts'))}`, throwing, ...lines, ...loading].join('\n')
    },
  }
}
