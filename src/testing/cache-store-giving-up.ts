import type { CacheStore } from '../core/cache-store.ts'
import type { StoreCallOptions } from '../core/deadline.ts'
import { entry, LONG_MS, textOf, type Case } from './cache-store-case.ts'
import { givenUpByHand, heard, mustSettle } from './giving-up.ts'
import { mustEqual } from './contract.ts'

const callsOf = (store: CacheStore, options: StoreCallOptions): (() => Promise<unknown>)[] => [
  () => store.readMany(['a'], ['t'], options),
  () => store.writeMany([entry('a', { tags: ['t'] })], options),
  () => store.stampTags(['t'], { ...options, as: 'stale', keepMs: LONG_MS }),
  () => store.deleteMany(['a'], { ...options, keepMs: LONG_MS }),
]

/** What a store does when its callers give up. */
export const givingUpCases: readonly Case[] = [
  {
    name: 'settles calls that were given up, and serves the next ones',
    async run({ store }) {
      for (const when of ['before', 'at once', 'later'] as const)
        for (const call of callsOf(store, heard(when))) await mustSettle(call)
      await store.writeMany([entry('b')])
      mustEqual(await textOf(store, 'b'), 'text of b', 'what was written afterwards')
    },
  },
  {
    name: 'answers a call that is given up after its answer as any other',
    async run({ store }) {
      const { options, giveUp } = givenUpByHand()
      for (const call of callsOf(store, options).slice(0, 2)) await call()
      giveUp()
      mustEqual(await textOf(store, 'a'), 'text of a', 'what was written')
    },
  },
]
