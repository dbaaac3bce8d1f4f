import type { DedupStore } from '../core/dedup-store.ts'
import { must, mustEqual } from './contract.ts'
import {
  AFTER_SHORT_MS,
  dead,
  done,
  finish,
  LONG_MS,
  SHORT_MS,
  status,
  statuses,
  type Case,
} from './dedup-store-case.ts'

/** Servers count in whole milliseconds. */
const ROUGHLY_MS = 10

/** How much of the store's time has passed since `clock` was claimed. */
async function elapsedMs(store: DedupStore): Promise<number> {
  const [claim] = await store.claimMany(['clock'], 'asks', LONG_MS)
  must(claim?.status === 'leased', 'the lease is not over')
  return LONG_MS - claim.leftMs
}

/** What is remembered, for how long, and who may write it. */
export const endingCases: readonly Case[] = [
  ...(['done', 'dead'] as const).map((as): Case => ({
    name: `remembers what is ${as}, and lets nobody touch it any more`,
    async run({ store }) {
      await finish(store, 'm', as)
      mustEqual(await store.renewMany(['m'], 'another', LONG_MS), [false], 'nothing is left to renew')
      mustEqual(await store.completeMany(['m'], 'another', done), [false], 'nothing is left to complete')
      // A store may tell the token that ended it that it did, or not: nothing may come of it.
      await store.renewMany(['m'], 'finishes', LONG_MS)
      await store.completeMany(['m'], 'finishes', as === 'done' ? dead : done)
      await store.releaseMany(['m'], 'finishes')
      mustEqual(await status(store, 'm'), as, 'it stays as it is')
    },
  })),
  {
    name: 'forgets what is done when the retention is over, attempts and all',
    async run({ store, wait }) {
      await store.claimMany(['m'], 't', LONG_MS)
      await store.completeMany(['m'], 't', { as: 'done', retentionMs: SHORT_MS })
      // Twice: a store may keep it for up to two retentions.
      await wait(2 * AFTER_SHORT_MS)
      mustEqual(await store.claimMany(['m'], 'next', LONG_MS), [{ status: 'won', attempt: 1 }], 'it is new again')
    },
  },
  {
    name: 'counts the retention from the moment of completion',
    async run({ store, wait }) {
      await store.claimMany(['clock'], 'nobody', LONG_MS)
      for (let tried = 1; ; tried += 1) {
        await store.claimMany([`m${tried}`], 't', LONG_MS)
        await wait(400)
        const completedAt = await elapsedMs(store)
        await store.completeMany([`m${tried}`], 't', { as: 'done', retentionMs: 600 })
        await wait(300)
        if ((await status(store, `m${tried}`)) === 'done') return
        // On a machine under load the question may come too late: then it says nothing, and is put again.
        const tooLate = (await elapsedMs(store)) - completedAt > 600 - ROUGHLY_MS
        must(tooLate && tried < 20, 'it is remembered still')
      }
    },
  },
  {
    name: 'lets a late owner finish while nobody took the claim over',
    async run({ store, wait }) {
      await store.claimMany(['m'], 'late', SHORT_MS)
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.completeMany(['m'], 'late', done), [true], 'it is still the owner')
      mustEqual(await status(store, 'm'), 'done', 'it is done')
    },
  },
  {
    name: 'does not let a late owner renew, finish or free a claim that another one holds',
    async run({ store, wait }) {
      await store.claimMany(['m'], 'late', SHORT_MS)
      await wait(AFTER_SHORT_MS)
      await store.claimMany(['m'], 'new', LONG_MS)
      mustEqual(await store.renewMany(['m'], 'late', LONG_MS), [false], 'renewing is refused')
      mustEqual(await store.completeMany(['m'], 'late', done), [false], 'completing is refused')
      await store.releaseMany(['m'], 'late')
      mustEqual(await status(store, 'm'), 'leased', 'freeing it did nothing')
      mustEqual(await store.completeMany(['m'], 'new', done), [true], 'the new owner finishes')
    },
  },
  {
    name: 'completes those keys of a batch that are owned, and says which',
    async run({ store }) {
      await store.claimMany(['a', 'c'], 'mine', LONG_MS)
      await store.claimMany(['b'], 'other', LONG_MS)
      mustEqual(
        await store.completeMany(['b', 'a', 'x', 'c'], 'mine', dead),
        [false, true, false, true],
        'two are mine',
      )
      mustEqual(await status(store, 'b'), 'leased', 'what is not mine is not touched')
      mustEqual(await status(store, 'x'), 'won', 'what was never claimed is new')
      mustEqual(await status(store, 'a'), 'dead', 'what is mine is dead')
    },
  },
]

/** How claims are given back and prolonged. */
export const leaseCases: readonly Case[] = [
  {
    name: 'frees a released key at once',
    async run({ store }) {
      await store.claimMany(['m'], 'fails', LONG_MS)
      await store.releaseMany(['m'], 'fails')
      mustEqual(await store.completeMany(['m'], 'fails', done), [false], 'who gave it back does not own it')
      mustEqual(await store.claimMany(['m'], 'next', LONG_MS), [{ status: 'won', attempt: 2 }], 'the second attempt')
    },
  },
  {
    name: 'prolongs a lease that is renewed',
    async run({ store, wait }) {
      await store.claimMany(['m'], 't', 5_000)
      mustEqual(await store.renewMany(['m'], 't', LONG_MS), [true], 'the owner may renew')
      const [claim] = await store.claimMany(['m'], 'other', LONG_MS)
      must(claim?.status === 'leased' && claim.leftMs > 5_000, 'it has more time left than it had at first')
      mustEqual(await store.renewMany(['m'], 't', SHORT_MS), [true], 'the owner may renew again')
      await wait(AFTER_SHORT_MS)
      mustEqual(
        await store.claimMany(['m'], 'other', LONG_MS),
        [{ status: 'won', attempt: 2 }],
        'from now, not from then',
      )
    },
  },
  {
    name: 'renews those keys of a batch that are owned, and says which',
    async run({ store }) {
      await finish(store, 'done', 'done')
      await store.claimMany(['mine', 'freed'], 't', LONG_MS)
      await store.claimMany(['theirs'], 'other', LONG_MS)
      await store.releaseMany(['freed'], 't')
      const answers = await store.renewMany(['done', 'mine', 'freed', 'theirs', 'new'], 't', LONG_MS)
      mustEqual(answers, [false, true, false, false, false], 'one is mine')
      mustEqual(statuses(await store.claimMany(['freed', 'new'], 'x', LONG_MS)), ['won', 'won'], 'nothing was made')
    },
  },
  {
    name: 'takes durations that are not whole',
    async run({ store }) {
      await store.claimMany(['m'], 't', 60_000.25)
      mustEqual(await store.renewMany(['m'], 't', 0.5 + LONG_MS), [true], 'renewed')
      mustEqual(await store.completeMany(['m'], 't', { as: 'done', retentionMs: 60_000.75 }), [true], 'completed')
      mustEqual(await status(store, 'm'), 'done', 'it is done')
    },
  },
]
