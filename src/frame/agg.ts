// All aggregates and window functions in one place: `agg.mode('x')`, `agg.ntile(4).over({ … })`. The most used ones are names of the root too.
export * from './aggregates.ts'
export * from './custom-aggregate.ts'
export * from './window-functions.ts'
