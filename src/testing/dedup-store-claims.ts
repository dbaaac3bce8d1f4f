import { must, mustEqual } from './contract.ts'
import { AFTER_SHORT_MS, done, finish, LONG_MS, SHORT_MS, status, statuses, type Case } from './dedup-store-case.ts'

const many = (length: number, name: string): string[] => Array.from({ length }, (_, at) => `${name}${at}`)

/** Who wins a key, and what the others are told. */
export const claimCases: readonly Case[] = [
  {
    name: 'answers every key of a claim, in the order given',
    async run({ store }) {
      await finish(store, 'b', 'done')
      await finish(store, 'c', 'dead')
      await store.claimMany(['d'], 'other', LONG_MS)
      const answers = await store.claimMany(['d', 'a', 'c', 'b'], 'mine', LONG_MS)
      mustEqual(statuses(answers), ['leased', 'won', 'dead', 'done'], 'each key has its own answer')
    },
  },
  {
    name: 'takes empty lists',
    async run({ store }) {
      mustEqual(await store.claimMany([], 't', LONG_MS), [], 'no claims')
      mustEqual(await store.renewMany([], 't', LONG_MS), [], 'no renewals')
      mustEqual(await store.completeMany([], 't', done), [], 'no completions')
      await store.releaseMany([], 't')
    },
  },
  {
    name: 'lets exactly one of many racing callers in',
    async run({ store }) {
      const racing = Array.from({ length: 50 }, (_, i) => store.claimMany(['m'], `t${i}`, LONG_MS))
      const won = (await Promise.all(racing)).flat().filter((claim) => claim.status === 'won')
      mustEqual(won, [{ status: 'won', attempt: 1 }], 'there is one winner')
    },
  },
  {
    name: 'gives every key one winner when batches overlap in different orders',
    async run({ store }) {
      const keys = many(100, 'k')
      const orders = Array.from({ length: 8 }, (_, i) =>
        i % 2 ? keys.slice(i).concat(keys.slice(0, i)).reverse() : keys,
      )
      const answers = await Promise.all(orders.map((order, i) => store.claimMany(order, `t${i}`, LONG_MS)))
      const won = orders.flatMap((order, i) => order.filter((_, at) => answers[i]?.[at]?.status === 'won'))
      mustEqual(won.sort(), [...keys].sort(), 'every key is won once')
    },
  },
  {
    name: 'tells a caller that comes too late how long the lease has left',
    async run({ store }) {
      await store.claimMany(['m'], 'first', LONG_MS)
      const [claim] = await store.claimMany(['m'], 'second', LONG_MS)
      must(claim?.status === 'leased', 'the key is leased')
      must(claim.leftMs > 0 && claim.leftMs <= LONG_MS, `the lease has some of its time left, not ${claim.leftMs}`)
    },
  },
  {
    name: 'does not let even the owner claim a key twice',
    async run({ store }) {
      mustEqual(statuses(await store.claimMany(['m'], 't', LONG_MS)), ['won'], 'first')
      mustEqual(statuses(await store.claimMany(['m'], 't', LONG_MS)), ['leased'], 'again')
    },
  },
  {
    name: 'lets a key be claimed again when its lease is over',
    async run({ store, wait }) {
      await store.claimMany(['m'], 'crashed', SHORT_MS)
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.claimMany(['m'], 'next', LONG_MS), [{ status: 'won', attempt: 2 }], 'the second attempt')
      mustEqual(await status(store, 'm'), 'leased', 'it is held now')
    },
  },
  {
    name: 'counts the attempts of a key, those that failed and those that crashed',
    async run({ store, wait }) {
      for (const attempt of [1, 2, 3]) {
        const lease = attempt === 2 ? SHORT_MS : LONG_MS
        mustEqual(
          await store.claimMany(['m'], `t${attempt}`, lease),
          [{ status: 'won', attempt }],
          'the attempt counts',
        )
        if (attempt === 2) await wait(AFTER_SHORT_MS)
        else await store.releaseMany(['m'], `t${attempt}`)
      }
    },
  },
]

/** Which keys are the same, and how long and many they may be. */
export const keyCases: readonly Case[] = [
  {
    name: 'handles a thousand keys in one call',
    async run({ store }) {
      const batch = many(1_000, 'update')
      const won = (await store.claimMany(batch, 't', LONG_MS)).filter((claim) => claim.status === 'won')
      mustEqual(won.length, 1_000, 'all are won')
      mustEqual((await store.renewMany(batch, 't', LONG_MS)).filter(Boolean).length, 1_000, 'all are renewed')
      const half = batch.slice(0, 500)
      mustEqual((await store.completeMany(half, 't', done)).filter(Boolean).length, 500, 'half of them completed')
      await store.releaseMany(batch, 't')
      const after = statuses(await store.claimMany(batch, 'next', LONG_MS))
      mustEqual([after.indexOf('won'), after.lastIndexOf('done')], [500, 499], 'one half is done, the other free')
    },
  },
  {
    name: 'keeps keys apart that look alike',
    async run({ store }) {
      const alike = [
        'key',
        'KEY',
        'key ',
        ' key',
        'k\u00e9y',
        'ke\u0301y',
        'key\n',
        'key%',
        'key:',
        "key'",
        'key\ufffd0000',
      ]
      await finish(store, 'key', 'done')
      const answers = statuses(await store.claimMany(alike, 't', LONG_MS))
      mustEqual(answers, ['done', ...alike.slice(1).map(() => 'won')], 'only the very same key is done')
    },
  },
  {
    name: 'takes keys of 10 KB, and reads them to their end',
    async run({ store }) {
      const long = 'k'.repeat(10_240)
      await finish(store, `${long}a`, 'done')
      mustEqual(statuses(await store.claimMany([`${long}a`, `${long}b`], 't', LONG_MS)), ['done', 'won'], 'two keys')
    },
  },
]
