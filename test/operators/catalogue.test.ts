import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { operatorTypes } from '../../src/operators/catalogue.ts'

const folder = fileURLToPath(new URL('../../src/operators/', import.meta.url))

it('the catalogue of operators names each kind once', () => {
  const kinds = operatorTypes.map(type => type.kind)
  expect(kinds.filter((kind, i) => kinds.indexOf(kind) !== i)).toEqual([])
})

it('the catalogue of operators lists every operator that a file of the folder declares', () => {
  const declared = readdirSync(folder).flatMap(file => [...readFileSync(folder + file, 'utf8').matchAll(/^ {2}kind: '(\w+)'/gm)].map(match => match[1]!))
  const kinds = new Set(operatorTypes.map(type => type.kind))
  expect(declared.length).toBeGreaterThan(5)
  expect(declared.filter(kind => !kinds.has(kind))).toEqual([])
})
