export { createWarmup, type Warmup, type WarmupOptions, type WarmupReport, type WarmupRunOptions } from './warmup.ts'
export type { WarmupRun, WarmupTask, WarmupTaskReport, WarmupTaskStats } from './task.ts'
