// The newcomer's map is true: every file and function that src/README.md names is there, and its table of rooms is the one that is enforced.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { layers } from './support/tidy-rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = readFileSync(`${root}src/README.md`, 'utf8')
const pathOf = (file: string) => ['', 'src/'].map(folder => `${root}${folder}${file}`).find(existsSync)

const named = [...text.matchAll(/`([\w./-]+\.ts) › (#?\w+)`/g)].map(match => [match[1]!, match[2]!] as const)

/** True where `source` declares `name`: a function, class, constant, type, or a method of a class or object. */
function declares(source: string, name: string): boolean {
  const plain = name.replace('#', '\\#')
  const top = new RegExp(`^(export )?(async )?(function\\*?|class|const|interface|type|abstract class) ${plain}\\b`, 'm')
  const method = new RegExp(`^ +(static |async |readonly |\\*)*${plain}(<[^>]*>)?(\\(|:)`, 'm')
  return top.test(source) || method.test(source)
}

describe('src/README.md', () => {
  it('follows the record by many steps', () => {
    expect(named.length).toBeGreaterThan(40)
  })

  it.each([...new Map(named.map(pair => [pair.join(' › '), pair])).values()])('names %s › %s, which is there', (file, name) => {
    const path = pathOf(file)
    expect(path, `no file ${file}`).toBeDefined()
    expect(declares(readFileSync(path!, 'utf8'), name), `${file} declares no ${name}`).toBe(true)
  })

  it('names no file that isn’t there', () => {
    const files = [...text.matchAll(/`((?:src|kernels|test|examples)\/[\w./-]+\.\w+)`/g)].map(match => match[1]!)
    expect(files.length).toBeGreaterThan(10)
    expect(files.filter(file => !existsSync(root + file))).toEqual([])
  })

  it('lists the rooms as they are enforced, in the order of their layers', () => {
    const rows = [...text.matchAll(/^\| (\d+\w?) \| (.+?) \|/gm)].map(match => [...match[2]!.matchAll(/`([\w.]+)`/g)].map(room => room[1]!))
    const isBuilt = (room: string) => existsSync(`${root}src/${room}`)
    expect(rows.map(rooms => [...rooms].sort())).toEqual(layers.map(rooms => rooms.filter(isBuilt).sort()))
    const rooms = readdirSync(`${root}src`).filter(name => !name.endsWith('.md'))
    expect(rows.flat().sort()).toEqual(rooms.sort())
  })
})
