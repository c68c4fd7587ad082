// Which files a reader means: paths, directories and patterns, in the order of their names. And how the system's refusals are told.
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConnectorError, PlanError } from '../base/errors.ts'
import { fetchedFile } from './fetched-files.ts'

const known: Record<string, { code: string; what: string; todo: string }> = {
  ENOENT: { code: 'FILE_MISSING', what: 'there is no such file', todo: 'check the path' },
  EACCES: { code: 'FILE_DENIED', what: 'permission denied', todo: 'give this user permission, or run as another' },
  EPERM: { code: 'FILE_DENIED', what: 'the operation is not permitted', todo: 'give this user permission, or run as another' },
  EISDIR: { code: 'FILE_KIND', what: 'it is a directory', todo: 'name a file, or the directory with a / at its end' },
  ENOTDIR: { code: 'FILE_KIND', what: 'a part of the path is a file', todo: 'check the path' },
  EMFILE: { code: 'FILE_HANDLES', what: 'too many files are open', todo: 'raise the limit (ulimit -n)' },
}

/** The ConnectorError for a failed call on a file. `doing` is a verb, such as 'read'. */
export function fileError(where: string, doing: string, path: string, cause: unknown): ConnectorError {
  if (cause instanceof ConnectorError) return cause
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'
  const { code, what, todo } = known[errno] ?? { code: 'FILE_FAILED', what: 'the system refused', todo: 'check the disk' }
  return new ConnectorError(code, `${where}: can't ${doing} ${path}: ${what} (${errno}); ${todo}`, { cause, retryable: code === 'FILE_HANDLES' })
}

/**
 * The files behind `paths`, each a file, a directory (its files that end in one of `endings`, at any depth) or a pattern with *, **, ?, […] and {a,b}.
 * Names that begin with . or _ are passed over in directories and patterns. Files of one path are sorted by name; a file named twice is listed once.
 * Names of the set `fetched` are files as they stand. Throws ConnectorError FILE_MISSING (also where nothing matches), FILE_DENIED; PlanError PATHS where there are no paths.
 */
export function listFiles(paths: readonly string[], endings: readonly string[], where: string, fetched?: number): string[] {
  return filesByPath(paths, endings, where, fetched).map(({ path }) => path)
}

/** The bytes that a file has. Throws ConnectorError as `fileError`. */
export function fileBytes(path: string, where: string, fetched?: number): number {
  const found = fetchedFile(path, fetched)
  if (found) return found.size
  try {
    return statSync(path).size
  } catch (thrown) {
    throw fileError(where, 'read', path, thrown)
  }
}

/** As `listFiles`, each with the beginning of its path that was asked for by name: the directory, or what stands before a pattern's first wildcard. */
export function filesByPath(paths: readonly string[], endings: readonly string[], where: string, fetched?: number): { readonly path: string; readonly root: string }[] {
  if (paths.length === 0) throw new PlanError('PATHS', `${where}: no path is given; name a file, a directory or a pattern such as 'data/*${endings[0] ?? ''}'`)
  const found = new Map<string, string>()
  for (const path of paths) for (const file of fetchedFile(path, fetched) ? [path] : filesOf(path, endings, where)) if (!found.has(file)) found.set(file, rootOf(path, file))
  return [...found].map(([path, root]) => ({ path, root }))
}

function filesOf(path: string, endings: readonly string[], where: string): string[] {
  let kind: 'file' | 'directory' | undefined
  try {
    kind = statSync(path).isDirectory() ? 'directory' : 'file'
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || !isPattern(path)) throw fileError(where, 'read', path, thrown)
  }
  if (kind === 'file') return [path]
  const found =
    kind === 'directory' ? walk(path, where).filter(file => endings.length === 0 || endings.some(ending => file.endsWith(ending))) : matches(path, where)
  if (found.length > 0) return found.sort((a, b) => (a < b ? -1 : 1))
  const what = kind === 'directory' ? `the directory has no file that ends in ${endings.join(' or ')}` : 'no file matches the pattern'
  throw new ConnectorError('FILE_MISSING', `${where}: can't read ${path}: ${what}; check the path`)
}

// What was named whole: of a file all folders, of a directory itself, of a pattern those before its first wildcard.
function rootOf(path: string, file: string): string {
  if (path === file) return file.slice(0, file.lastIndexOf('/') + 1)
  if (file.startsWith(path.endsWith('/') ? path : `${path}/`)) return path.endsWith('/') ? path : `${path}/`
  return /^[^*?[{]*\//.exec(path)?.[0] ?? ''
}

function isPattern(path: string): boolean {
  return /[*?[{]/.test(path)
}

function matches(pattern: string, where: string): string[] {
  const fixed = /^[^*?[{]*\//.exec(pattern)?.[0] ?? ''
  const expression = patternExpression(pattern.slice(fixed.length))
  const deep = pattern.slice(fixed.length).split('/').length
  const depth = pattern.includes('**') ? Number.POSITIVE_INFINITY : deep
  return walk(fixed || '.', where, depth).filter(file => expression.test(file.slice(fixed.length)))
}

// Files below a directory, with the directory as their prefix ('' for '.').
function walk(directory: string, where: string, depth = Number.POSITIVE_INFINITY): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(directory, { withFileTypes: true })
  } catch (thrown) {
    throw fileError(where, 'list', directory, thrown)
  }
  const base = directory === '.' ? '' : directory.endsWith('/') ? directory : `${directory}/`
  return entries.flatMap(entry => {
    if (entry.name.startsWith('.') || entry.name.startsWith('_')) return []
    const path = `${base}${entry.name}`
    const isLinkedFolder = entry.isSymbolicLink() && isDirectory(join(directory, entry.name))
    // Links are not followed without end: they may lead back.
    if (isLinkedFolder && depth === Number.POSITIVE_INFINITY) return []
    if (entry.isDirectory() || isLinkedFolder) return depth > 1 ? walk(path, where, depth - 1) : []
    return entry.isFile() || entry.isSymbolicLink() ? [path] : []
  })
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** A path pattern as an expression over whole relative paths. */
export function patternExpression(pattern: string): RegExp {
  let text = ''
  let depth = 0
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    if (pattern.startsWith('**/', i)) {
      text += '(?:[^/]+/)*'
      i += 2
    } else if (char === '*') {
      text += pattern[i + 1] === '*' ? '.*' : '[^/]*'
      if (pattern[i + 1] === '*') i++
    } else if (char === '?') text += '[^/]'
    else if (char === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2)
      text += `[${pattern
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replace(/[\\\]]/g, '\\$&')}]`
      i = end
    } else if (char === '{' && pattern.indexOf('}', i) > 0) {
      text += '(?:'
      depth++
    } else if (char === '}' && depth > 0) {
      text += ')'
      depth--
    } else if (char === ',' && depth > 0) text += '|'
    else text += char.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  }
  return new RegExp(`^${text}$`)
}
