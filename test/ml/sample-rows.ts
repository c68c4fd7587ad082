// Rows that scikit-learn was given too, to learn golden coefficients from: four features of very different size, two of them correlated,
// a label that follows them by chance, and weights.
import { random } from '../../src/base/random.ts'

export const sampleSchema = { age: 'int32', price: 'float64', ratio: 'float64', isNew: 'bool', weight: 'float64', fraud: 'bool' } as const

export function sampleRows(count: number, seed = 11) {
  const chance = random(seed)
  return Array.from({ length: count }, () => {
    const age = 18 + chance.int(60)
    const price = 100 * chance.float() ** 2 * age
    const ratio = 1e-4 * (chance.float() - 0.5)
    const isNew = chance.int(3) === 0
    const weight = 0.5 + chance.float()
    const score = 0.0012 * (price - 1200) - 0.03 * (age - 45) + 9000 * ratio + (isNew ? 1.2 : -0.4)
    return { age, price, ratio, isNew, weight, fraud: chance.float() < 1 / (1 + Math.exp(-score)) }
  })
}

export const sampleFeatures = ['age', 'price', 'ratio', 'isNew'] as const
