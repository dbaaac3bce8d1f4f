import { givenUpByHand, heard, mustSettle } from './giving-up.ts'
import { mustEqual } from './contract.ts'
import { counted, flushOf, sumsOf, type Case } from './metrics-store-case.ts'

/** What a store does when its callers give up. */
export const givingUpCases: readonly Case[] = [
  {
    name: 'settles calls that were given up, and serves the next ones',
    async run({ store }) {
      for (const when of ['before', 'at once', 'later'] as const) {
        await mustSettle(() => store.add(flushOf(when, { series: [counted(1, 'given up')] }), heard(when)))
        await mustSettle(() => store.read(heard(when)))
      }
      await store.add(flushOf('next', { series: [counted(1)] }))
      mustEqual(sumsOf(await store.read())['m s v'], 1, 'what was flushed afterwards')
    },
  },
  {
    name: 'answers a call that is given up after its answer as any other',
    async run({ store }) {
      const { options, giveUp } = givenUpByHand()
      mustEqual(await store.add(flushOf('1', { series: [counted(1)] }), options), true, 'it is applied')
      giveUp()
      mustEqual(sumsOf(await store.read(options)), { 'm s v': 1 }, 'what was flushed')
    },
  },
]
