import { createDedup, memoryDedupStore } from './index.ts'

const store = memoryDedupStore()

createDedup()
createDedup({ ids: 'fingerprints', flatten: true, maxIds: 100_000, onOverflow: 'reject' })
createDedup({ name: 'wa', store, maxIds: 100_000, onOverflow: 'forget' })
export const overflows: number | undefined = createDedup().stats().overflows

// @ts-expect-error - a limit has to be told what becomes of the ids beyond it
createDedup({ maxIds: 100_000 })
// @ts-expect-error - the same with a store
createDedup({ name: 'wa', store, maxIds: 100_000 })
// @ts-expect-error - without a limit there is nothing to run over
createDedup({ onOverflow: 'forget' })
// @ts-expect-error - a name is needed with a store
createDedup({ store, maxIds: 100_000, onOverflow: 'forget' })
// @ts-expect-error - only these two
createDedup({ ids: 'numbers' })
