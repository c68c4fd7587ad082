// Imports a user's program. Where this Node can't read TypeScript, the `typescript` package (an optional peer) writes JavaScript into a
// folder beside the program, so that its imports find the same packages; the folder is removed afterwards.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConnectorError, PlanError } from '../base/errors.ts'

/** A loaded program. */
export interface LoadedModule {
  readonly exports: { readonly [name: string]: unknown }
  /** Removes what was compiled; the program must have ended. */
  close(): Promise<void>
}

/** True where `import('x.ts')` works without a compiler. */
export function stripsTypes(version = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/**
 * Runs a module and gives its exports. Throws PlanError JOB_FILE or JOB_TYPESCRIPT (Node 20 without the typescript package), ConnectorError
 * COMPILE with the compiler's words, and what the module throws. `strip` is for tests.
 */
export async function loadModule(path: string, strip = stripsTypes()): Promise<LoadedModule> {
  const file = resolve(path)
  if (!existsSync(file)) throw new PlanError('JOB_FILE', `${path}: no such file; give the path of a .ts or .js module`)
  if (!/\.[cm]?[jt]s$/.test(file)) throw new PlanError('JOB_FILE', `${path}: not a .ts, .mts, .js or .mjs module`)
  if (strip || !/ts$/.test(file)) return { exports: await import(pathToFileURL(file).href), close: async () => {} }
  const folder = await mkdtemp(join(dirname(file), '.millrace-'))
  const close = () => rm(folder, { recursive: true, force: true })
  try {
    const compiled = await compile(file, folder, path)
    return { exports: await import(pathToFileURL(compiled).href), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function compile(file: string, folder: string, path: string): Promise<string> {
  const compiler = findCompiler(file, path)
  const flags = [
    '--target',
    'es2022',
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
    '--rewriteRelativeImportExtensions',
    '--noCheck',
    '--skipLibCheck',
  ]
  const places = ['--rootDir', dirname(file), '--outDir', folder, '--listEmittedFiles', ...(compiler.major >= 6 ? ['--ignoreConfig'] : [])]
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  const { code, output } = await runNode([compiler.path, ...flags, ...places, file])
  const emitted = [...output.matchAll(/^TSFILE: (.+\.[cm]?js)\r?$/gm)].map(match => resolve(match[1]!))
  const stem = file.slice(file.lastIndexOf(sep) + 1).replace(/\.([cm]?)ts$/, '.$1js')
  const compiled = emitted.find(name => name === join(folder, stem))
  if (code !== 0 || !compiled) {
    const words = output
      .replace(/^TSFILE: .*$\r?\n?/gm, '')
      .trim()
      .slice(0, 2_000)
    throw new ConnectorError(
      'COMPILE',
      `${path}: TypeScript can't be compiled; the compiler says: ${words || `nothing (exit code ${code})`}; modules above the job's folder need Node 22.18 or newer`,
    )
  }
  return compiled
}

// The job's own typescript first, then the one that this package sees.
function findCompiler(file: string, path: string): { path: string; major: number } {
  for (const from of [pathToFileURL(file).href, import.meta.url]) {
    try {
      const manifest = createRequire(from).resolve('typescript/package.json')
      const bin = join(dirname(manifest), 'bin', 'tsc')
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
      if (existsSync(bin)) return { path: bin, major: Number.parseInt(version, 10) }
    } catch {
      // Not installed there.
    }
  }
  throw new PlanError(
    'JOB_TYPESCRIPT',
    `${path}: Node ${process.versions.node} can't run TypeScript by itself; use Node 22.18 or newer, or npm install typescript beside the job`,
  )
}

function runNode(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('error', cause => fail(new ConnectorError('COMPILE', `millrace run: the compiler can't be started; ${cause.message}`, { cause })))
    child.on('close', code => done({ code: code ?? 1, output }))
  })
}
