// What users import from millrace/ml: estimators, the models they fit, and what prepares and judges them.
export { BinaryEvaluation, type Confusion, evaluateBinary } from './binary-evaluation.ts'
export type { LiveScoreColumns, ScoreColumns } from './frames.ts'
export { load, type LoadedModel } from './load.ts'
export { type FitSummary, LogisticModel, type Prediction } from './logistic-model.ts'
export { type LiveModel, LogisticRegression, type LogisticRegressionOptions } from './logistic-regression.ts'
export { StandardScaler, StandardScalerModel, type StandardScalerOptions } from './standard-scaler.ts'
export { type SplitOptions, trainTestSplit } from './train-test-split.ts'
export type { TrainingColumns, TrainingOptions } from './training-rows.ts'
