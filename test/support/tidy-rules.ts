// The rules of the house as functions from files to complaints. Plain text scanning: fast, and readable without knowing a compiler.
import { posix } from 'node:path'

/** A tracked text file. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** Rooms by layer: a file imports from lower layers and from its own room. The last layer may import anything. */
export const layers: readonly (readonly string[])[] = [
  ['base'],
  ['device'],
  ['batch'],
  ['compute'],
  ['expr', 'window', 'state', 'format'],
  ['connect', 'fuse'],
  ['operators', 'source', 'sink', 'storage'],
  ['plan'],
  ['schedule'],
  ['engine.ts'],
  ['frame'],
  ['ml'],
  ['index.ts', 'cli', 'dashboard'],
]

/** Files that something other than an import starts. */
export const entries = new Set(['src/index.ts', 'src/ml/index.ts', 'src/cli/main.ts', 'src/schedule/worker.ts'])

const ioModules = /^node:(fs|fs\/promises|net|http|http2|https|tls|dgram|dns|dns\/promises|child_process|readline|readline\/promises)$/
const ioRooms = ['connect', 'source', 'sink', 'storage', 'cli', 'dashboard']
const ioFiles = ['src/device/assets.ts', 'src/device/gpu-node.ts']
const packageRooms: Record<string, readonly string[]> = { commander: ['cli'], webgpu: ['device'], '@platformatic/kafka': ['connect'], fzstd: ['format'] }
const bannedWords = ['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'X' + 'XX', 'st' + 'ub', 'place' + 'holder', 'not ' + 'implemented', 'not ' + 'supported yet']
const bannedNames = /(Manager|Helper|Helpers|Utils|Util|Common|Impl|Base)$/
const machinePaths = new RegExp(`(^|[\\s'"\`=:(,])/(${['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me'].join('|')})/`, 'm')
const registryHosts = new RegExp(
  ['registry' + '.npmjs', 'repo1?' + '.maven', 'maven' + '.org', 'files' + '.pythonhosted', 'pypi' + '.org'].join('|').replaceAll('.', '\\.'),
  'i',
)

/** What a file imports. `type` imports vanish when compiled. */
export interface Import {
  readonly from: string
  readonly isType: boolean
}

/** Every `import … from`, `export … from` and `import('…')` of a file. */
export function importsOf(text: string): Import[] {
  const found: Import[] = []
  for (const match of text.matchAll(/^(?:import|export)\b(\s+type\b)?[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]/gm))
    found.push({ from: match[2]!, isType: match[1] !== undefined })
  for (const match of text.matchAll(/^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm)) found.push({ from: match[1] ?? match[2]!, isType: false })
  return found
}

/** The room of a source file: the folder below src, or the file's own name. */
export function roomOf(path: string): string {
  return path.split('/')[1]!
}

/** The path that a relative import means, from the root of the repository; undefined for packages. */
export function targetOf(path: string, from: string): string | undefined {
  return from.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), from)) : undefined
}

/** Imports that go upward, sideways, to nowhere, or to a package or system module that the room may not use. */
export function importComplaints(file: TextFile, exists: (path: string) => boolean): string[] {
  const complaints: string[] = []
  const room = roomOf(file.path)
  const layer = layers.findIndex(rooms => rooms.includes(room))
  if (layer < 0) return [`${file.path}: src/${room} is no room; the rooms are ${layers.flat().join(', ')}`]
  const mayIo = ioRooms.includes(room) || ioFiles.includes(file.path)
  for (const { from, isType } of importsOf(file.text)) {
    if (ioModules.test(from) && !mayIo && !isType) complaints.push(`${file.path}: imports ${from}; IO belongs to ${ioRooms.join(', ')}`)
    const allowed = packageRooms[from]
    if (allowed && !allowed.includes(room)) complaints.push(`${file.path}: imports ${from}, which belongs to ${allowed.join(', ')}`)
    const target = targetOf(file.path, from)
    if (target === undefined || target.startsWith('dist/kernels/') || target === 'package.json') continue
    if (!target.startsWith('src/') || !exists(target)) complaints.push(`${file.path}: imports ${from}, which is no file of src`)
    else if (roomOf(target) !== room && layer < layers.length - 1) {
      const other = layers.findIndex(rooms => rooms.includes(roomOf(target)))
      if (other >= layer) complaints.push(`${file.path} (layer ${layer}): imports ${target} (layer ${other}), ${other === layer ? 'sideways' : 'upward'}`)
    }
  }
  return complaints
}

/** Cycles among imports, each named once. Types may know each other, where a room's files import them as types. */
export function cycleComplaints(files: readonly TextFile[]): string[] {
  const graph = new Map(files.map(file => [file.path, importsOf(file.text).flatMap(({ from, isType }) => (isType ? [] : (targetOf(file.path, from) ?? [])))]))
  const done = new Set<string>()
  const complaints: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) complaints.push(`import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' > ')}`)
    if (trail.includes(path) || done.has(path)) return
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const file of files) visit(file.path, [])
  return complaints
}

/**
 * Source files that nothing imports, and those without a test. A test covers what it imports, what that imports in its own room (to any depth),
 * and one step into other rooms.
 */
export function testComplaints(sources: readonly TextFile[], tests: readonly TextFile[]): string[] {
  const graph = new Map(sources.map(file => [file.path, importsOf(file.text).flatMap(({ from }) => targetOf(file.path, from) ?? [])]))
  const direct = new Set<string>()
  for (const test of tests) {
    for (const match of test.text.matchAll(/(src|dist)\/([\w./-]+?)\.(?:ts|js)\b/g)) direct.add(`src/${match[2]}.ts`)
    for (const { from } of importsOf(test.text))
      if (from === 'millrace' || from === 'millrace/ml') direct.add(from === 'millrace' ? 'src/index.ts' : 'src/ml/index.ts')
  }
  const near = new Set<string>()
  const covered = new Set<string>()
  const cover = (path: string): void => {
    if (covered.has(path)) return
    covered.add(path)
    for (const target of graph.get(path) ?? []) {
      near.add(target)
      if (roomOf(target) === roomOf(path)) cover(target)
    }
  }
  for (const path of direct) near.add(path)
  for (const path of direct) cover(path)
  const used = new Set([...graph.values()].flat())
  return sources.flatMap(({ path, text }) => {
    if (!used.has(path) && !direct.has(path) && !entries.has(path)) return [`${path}: nothing imports it`]
    return near.has(path) || entries.has(path) || isTypesOnly(text) ? [] : [`${path}: no test reaches it`]
  })
}

function isTypesOnly(text: string): boolean {
  return !/^export (async |abstract )?(function|const|class|let|\{|\*)/m.test(text.replace(/^export (\{|\*).*from.*$/gm, ''))
}

/** Words, names, lengths, comments: what one file can get wrong by itself. */
export function styleComplaints(file: TextFile): string[] {
  const { path, text } = file
  const top = path.split('/')[0]!
  const isProduct = top === 'src' || top === 'kernels'
  const lines = text.split('\n')
  const linesMax = top === 'test' || top === 'bench' ? 500 : 400
  const complaints: string[] = []
  const say = (line: number, what: string) => complaints.push(`${path}:${line}: ${what}`)
  if (lines.length - 1 > linesMax) say(linesMax, `${lines.length - 1} lines, at most ${linesMax}`)
  if (!/^(#!.*\n)?(\/\/|\/\*)/.test(text) && top !== 'test') say(1, 'no comment at the top that says what the file does and where it stands')
  const stem = posix.basename(path).replace(/\.\w+$/, '')
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(stem)) say(1, 'a file name is kebab-case')
  lines.forEach((line, i) => {
    if (isProduct)
      for (const word of bannedWords) if (new RegExp(`\\b${word}s?\\b`, word === word.toUpperCase() ? '' : 'i').test(line)) say(i + 1, `the word "${word}"`)
    if (/^export default\b/.test(line) && !path.endsWith('.config.ts')) say(i + 1, 'a default export')
    if (/^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s+\w/.test(line)) say(i + 1, 'an enum; use a union of strings')
    const declared = /^(?:export\s+)?(?:abstract\s+)?(?:class|interface|type|function|const)\s+(\w+)/.exec(line)?.[1]
    if (declared && isProduct && bannedNames.test(declared)) say(i + 1, `the name ${declared} says nothing; Manager, Helper, Utils, Common, Impl, Base`)
    if (top === 'src' && /\bthrow new Error\(/.test(line)) say(i + 1, 'a plain Error; use a kind of src/base/errors.ts')
  })
  return [...complaints, ...(isProduct ? [...documentComplaints(path, lines), ...lengthComplaints(path, lines)] : [])]
}

/** Exported declarations without a doc comment right above. Lines of a group that begins with one share it, as do overloads. */
export function documentComplaints(path: string, lines: readonly string[]): string[] {
  const complaints: string[] = []
  lines.forEach((line, i) => {
    const name = /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|const|let|class|interface|type) (\w+)/.exec(line)?.[1]
    if (!name) return
    let above = i - 1
    while (above >= 0 && (/^\/\/ biome-ignore|^@|^\/\/ @ts-/.test(lines[above]!) || (path.startsWith('kernels/') && /^\/\//.test(lines[above]!)))) above--
    const before = lines[above] ?? ''
    const isComment = /\*\/\s*$/.test(before) || (path.startsWith('kernels/') && above < i - 1)
    const isGroup = /^export (const|type|function) \w+.*[^{[(]$/.test(before)
    if (!isComment && !isGroup) complaints.push(`${path}:${i + 1}: export ${name} has no doc comment`)
  })
  return complaints
}

const functionLinesMax = 70
const functionStart =
  /(\bfunction\b.*|=>|^\s+(?!if\b|for\b|while\b|switch\b|catch\b|do\b|else\b|return\b)(?:(?:async|static|get|set|override|private|protected)\s+)*[*#]?[\w$]+(<.*>)?\(.*\).*)\s*\{$|^\s*\).*\{$/

/** Functions and methods that are too long, by the indentation of their last line. */
export function lengthComplaints(path: string, lines: readonly string[]): string[] {
  const complaints: string[] = []
  lines.forEach((line, i) => {
    if (!functionStart.test(line)) return
    const indent = /^\s*/.exec(line)![0]
    const end = lines.findIndex((other, j) => j > i && other.startsWith(`${indent}}`))
    const length = end - i + 1
    if (length > functionLinesMax) complaints.push(`${path}:${i + 1}: a function of ${length} lines, at most ${functionLinesMax}`)
  })
  return complaints
}

/** What only certain rooms may say. */
export function wordComplaints(file: TextFile): string[] {
  const { path } = file
  const room = roomOf(path)
  const complaints: string[] = []
  withoutComments(file.text)
    .split('\n')
    .forEach((line, i) => {
      if (room !== 'device' && /\bWebAssembly\.|\bnavigator\??\.gpu\b/.test(line))
        complaints.push(`${path}:${i + 1}: only src/device speaks of WebAssembly and navigator.gpu`)
      if (room !== 'device' && room !== 'compute' && /\.kernels\b/.test(line)) complaints.push(`${path}:${i + 1}: only src/compute calls kernels`)
      if (!ioRooms.includes(room) && !ioFiles.includes(path) && /(?<![\w.$#])fetch\(/.test(line))
        complaints.push(`${path}:${i + 1}: fetch is IO, which belongs to ${ioRooms.join(', ')}`)
      // There it means a column that only the run time knows, or keeps a wrong argument's message to the one that says what is wrong.
      if (path.startsWith('src/') && room !== 'frame' && path !== 'src/index.ts' && /(?:[:<|&=,(]|=>|\bas|\bextends) ?any\b(?![\w'"(:])/.test(line.replace(/'[^']*'|`[^`]*`/g, '')))
        complaints.push(`${path}:${i + 1}: only src/frame, which types what users write, has the type any; write unknown`)
    })
  return complaints
}

/** The text with comments blanked, line by line. Strings that hold // are cut short, which hides nothing these rules look for. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, comment => comment.replace(/[^\n]/g, ' ')).replace(/(^|\s)\/\/.*$/gm, '$1')
}

/** Paths of one machine and hosts of registries, in any tracked file. */
export function machineComplaints(file: TextFile): string[] {
  const complaints: string[] = []
  file.text.split('\n').forEach((line, i) => {
    if (machinePaths.test(line)) complaints.push(`${file.path}:${i + 1}: a path of one machine`)
    if (registryHosts.test(line)) complaints.push(`${file.path}:${i + 1}: the host of a registry`)
  })
  return complaints
}
