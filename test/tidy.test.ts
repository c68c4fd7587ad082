// The style guide as a test: every rule below is read from the files themselves.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  cycleComplaints,
  documentComplaints,
  importComplaints,
  importsOf,
  lengthComplaints,
  machineComplaints,
  styleComplaints,
  testComplaints,
  type TextFile,
  wordComplaints,
} from './support/tidy-rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).stdout || everyFile()
const tracked = [...new Set(listed.split('\n'))]
const textual = /\.(ts|js|mjs|cjs|wgsl|json|md|yml|yaml|html|css|java|csv|ndjson|txt|case)$|(^|\/)(run|LICENSE|\.\w+)$/
const files: TextFile[] = tracked.filter(path => textual.test(path) && existsSync(root + path)).map(path => ({ path, text: readFileSync(root + path, 'utf8') }))
const code = files.filter(file => /\.(ts|mjs|wgsl)$/.test(file.path))
const sources = code.filter(file => file.path.startsWith('src/'))
const paths = new Set(files.map(file => file.path))

// Without git: everything that is not built or fetched.
function everyFile(): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return names.filter(name => !/(^|\/)(node_modules|dist|\.cache|\.git|out|state)(\/|$)/.test(name) && statSync(root + name).isFile()).join('\n')
}

describe('the repository', () => {
  it('is read at all', () => {
    expect(sources.length).toBeGreaterThan(20)
  })

  it('imports downward only, from rooms that may', () => {
    expect(sources.flatMap(file => importComplaints(file, path => paths.has(path)))).toEqual([])
  })

  it('has no import cycles', () => {
    expect(cycleComplaints(sources)).toEqual([])
  })

  it('speaks of WASM, GPU, kernels and the network only where it may', () => {
    expect(sources.flatMap(wordComplaints)).toEqual([])
  })

  it('keeps files and functions short, documented and free of banned words', () => {
    expect(code.flatMap(styleComplaints)).toEqual([])
  })

  it('tests every source file, and has none that nothing uses', () => {
    expect(
      testComplaints(
        sources,
        code.filter(file => /^(test|bench|examples)\//.test(file.path)),
      ),
    ).toEqual([])
  })

  it('names no machine and no registry', () => {
    expect(files.flatMap(machineComplaints)).toEqual([])
  })
})

describe('the rules', () => {
  const complaints = (path: string, text: string) => importComplaints({ path, text }, () => true)

  it('see every form of import', () => {
    const text = "import type { A } from './a.ts'\nimport {\n  b,\n} from './b.ts'\nexport * from './c.ts'\nconst d = await import('./d.ts')\nimport './e.ts'"
    expect(importsOf(text)).toEqual(
      [{ from: './a.ts', isType: true }, ...['./b.ts', './c.ts', './d.ts', './e.ts'].map(from => ({ from, isType: false }))].sort((a, b) =>
        a.from.localeCompare(b.from),
      ),
    )
  })

  it('refuse what goes upward, sideways or to the disk', () => {
    expect(complaints('src/base/x.ts', "import { a } from '../device/a.ts'")).toHaveLength(1)
    expect(complaints('src/source/x.ts', "import { a } from '../sink/a.ts'")).toEqual([expect.stringContaining('sideways')])
    expect(complaints('src/engine.ts', "import { a } from './frame/a.ts'")).toEqual([expect.stringContaining('upward')])
    expect(complaints('src/plan/x.ts', "import { readFile } from 'node:fs/promises'")).toEqual([expect.stringContaining('IO')])
    expect(complaints('src/plan/x.ts', "import { a } from '../base/a.ts'\nimport { b } from './b.ts'")).toEqual([])
    expect(complaints('src/helpers/x.ts', '')).toEqual([expect.stringContaining('no room')])
    expect(complaints('src/plan/x.ts', "import { Command } from 'commander'")).toHaveLength(1)
  })

  it('find cycles', () => {
    const file = (name: string, to: string) => ({ path: `src/base/${name}.ts`, text: `import { x } from './${to}.ts'` })
    expect(cycleComplaints([file('a', 'b'), file('b', 'c'), file('c', 'a')])).toEqual([
      'import cycle: src/base/a.ts > src/base/b.ts > src/base/c.ts > src/base/a.ts',
    ])
    expect(cycleComplaints([file('a', 'b'), file('b', 'c')])).toEqual([])
  })

  it('find exports without a comment, long functions and forbidden words', () => {
    expect(documentComplaints('src/base/a.ts', ['/** What. */', 'export const a = 1', 'export const b = 2', '', 'export function c() {'])).toEqual([
      'src/base/a.ts:5: export c has no doc comment',
    ])
    const long = ['export function a(x: number): number {', ...Array(70).fill('  x++'), '}']
    expect(lengthComplaints('src/a.ts', long)).toHaveLength(1)
    expect(lengthComplaints('src/a.ts', long.toSpliced(5, 2))).toEqual([])
    expect(lengthComplaints('src/a.ts', ['class A {', '  async b(x: number): Promise<void> {', ...Array(70).fill('    x++'), '  }', '}'])).toHaveLength(1)
    const text = `// A file.\n// ${'TO' + 'DO'}: more\nexport default 1\nenum A { b }\nthrow new Error('x')\n${'\n'.repeat(400)}`
    expect(styleComplaints({ path: 'src/base/a.ts', text })).toHaveLength(5)
    expect(
      wordComplaints({ path: 'src/base/a.ts', text: 'WebAssembly.compile(x)\ndevice.kernels.sum()\nawait fetch(url)\n// WebAssembly.compile' }),
    ).toHaveLength(3)
    expect(wordComplaints({ path: 'src/plan/a.ts', text: "const a = x as any\nfunction b(c: any[]) {}\ntype D = Set<any>\nconst e = 'as any'\nagg.any(x) // as any" })).toHaveLength(3)
    expect(wordComplaints({ path: 'src/frame/a.ts', text: 'type D = Frame<any>' })).toEqual([])
  })

  it('find source files without a test', () => {
    const source = (name: string, text: string) => ({ path: `src/base/${name}.ts`, text })
    const sources = [
      source('a', "import './b.ts'\nexport const a = 1"),
      source('b', "import '../batch/c.ts'\nexport const b = 1"),
      { path: 'src/batch/c.ts', text: "import './c2.ts'\nexport const c = 1" },
      { path: 'src/batch/c2.ts', text: 'export const c2 = 1' },
      source('d', 'export const d = 1'),
      source('e', 'export interface E {}\n'),
    ]
    expect(testComplaints(sources, [{ path: 'test/a.test.ts', text: "import { a } from '../src/base/a.ts'" }])).toEqual([
      'src/batch/c2.ts: no test reaches it',
      'src/base/d.ts: nothing imports it',
      'src/base/e.ts: nothing imports it',
    ])
  })

  it('find paths of a machine and hosts of registries', () => {
    const found = [`cd '/${'home'}/me/x'`, `/${'root'}/.npmrc`, `https://registry.${'npmjs'}.org/x`, 'https://example.com/home/', 'work/a'].map(
      text => machineComplaints({ path: 'a', text }).length,
    )
    expect(found).toEqual([1, 1, 1, 0, 0])
  })
})
