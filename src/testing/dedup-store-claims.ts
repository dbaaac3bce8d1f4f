import { must, mustEqual } from './contract.ts'
import {
  AFTER_SHORT_MS,
  claims,
  ends,
  expire,
  finish,
  kept,
  long,
  LONG_MS,
  short,
  status,
  statuses,
  won,
  type Case,
} from './dedup-store-case.ts'

const many = (length: number, name: string): string[] => Array.from({ length }, (_, at) => `${name}${at}`)

/** Who wins a key, and what the others are told. */
export const claimCases: readonly Case[] = [
  {
    name: 'answers every key of a claim, in the order given',
    async run({ store }) {
      await finish(store, 'b', 'done')
      await finish(store, 'c', 'dead')
      await store.claimMany(claims('other', 'd'), long)
      const answers = await store.claimMany(claims('mine', 'd', 'a', 'c', 'b'), long)
      mustEqual(statuses(answers), ['leased', 'won', 'dead', 'done'], 'each key has its own answer')
    },
  },
  {
    name: 'takes empty lists',
    async run({ store }) {
      mustEqual(await store.claimMany([], long), [], 'no claims')
      mustEqual(await store.beginMany([]), [], 'no begins')
      mustEqual(await store.renewMany([], long), [], 'no renewals')
      mustEqual(await store.completeMany([], kept), [], 'no completions')
      mustEqual(await store.reviveMany([]), [], 'nothing revived')
      await store.releaseMany([])
    },
  },
  {
    name: 'lets exactly one of many racing callers in',
    async run({ store }) {
      const racing = Array.from({ length: 50 }, (_, i) => store.claimMany(claims(`t${i}`, 'm'), long))
      const winners = (await Promise.all(racing)).flat().filter((met) => met.status === 'won')
      mustEqual(winners, [won(0, 0)], 'there is one winner')
    },
  },
  {
    name: 'gives every key one winner when batches overlap in different orders',
    async run({ store }) {
      const keys = many(100, 'k')
      const orders = Array.from({ length: 8 }, (_, i) =>
        i % 2 ? keys.slice(i).concat(keys.slice(0, i)).reverse() : keys,
      )
      const answers = await Promise.all(orders.map((order, i) => store.claimMany(claims(`t${i}`, ...order), long)))
      const winners = orders.flatMap((order, i) => order.filter((_, at) => answers[i]?.[at]?.status === 'won'))
      mustEqual(winners.sort(), [...keys].sort(), 'every key is won once')
    },
  },
  {
    name: 'takes a token of its own for each key of a call',
    async run({ store }) {
      await store.claimMany([...claims('one', 'a'), ...claims('two', 'b')], long)
      mustEqual(await store.renewMany(claims('one', 'a', 'b'), long), [true, false], 'one has a, and not b')
      const ending = [...ends('done', 'one', 'a'), ...ends('dead', 'two', 'b')]
      mustEqual(await store.completeMany(ending, kept), [true, true], 'each ends its own')
      mustEqual([await status(store, 'a'), await status(store, 'b')], ['done', 'dead'], 'each in its own way')
    },
  },
  {
    name: 'tells a caller that comes too late how long the lease has left',
    async run({ store }) {
      await store.claimMany(claims('first', 'm'), long)
      const [met] = await store.claimMany(claims('second', 'm'), long)
      must(met?.status === 'leased', 'the key is leased')
      must(met.leftMs > 0 && met.leftMs <= LONG_MS, `the lease has some of its time left, not ${met.leftMs}`)
    },
  },
  {
    name: 'grants a claim again that comes again under its own token, as a driver resends it',
    async run({ store, wait }) {
      mustEqual(await store.claimMany(claims('t', 'm'), short), [won(0, 0)], 'first')
      mustEqual(await store.claimMany(claims('t', 'm'), short), [won(0, 0)], 'again')
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.claimMany(claims('t', 'm'), long), [won(0, 0)], 'however late: it found its own lease')
      mustEqual(statuses(await store.claimMany(claims('other', 'm'), long)), ['leased'], 'nobody else gets it')
    },
  },
  {
    name: 'lets a key be claimed again when its lease is over, and counts that as no run',
    async run({ store, wait }) {
      await expire({ store, wait }, 'm', 'one')
      mustEqual(await store.claimMany(claims('two', 'm'), short), [won(0, 1)], 'one lease has run out')
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.claimMany(claims('three', 'm'), long), [won(0, 2)], 'and another one')
      mustEqual(await status(store, 'm'), 'leased', 'it is held now')
    },
  },
]

/** Which keys are the same, and how long and many they may be. */
export const keyCases: readonly Case[] = [
  {
    name: 'handles a thousand keys in one call',
    async run({ store }) {
      const batch = many(1_000, 'update')
      const met = await store.claimMany(claims('t', ...batch), long)
      mustEqual(met.filter((each) => each.status === 'won').length, 1_000, 'all are won')
      mustEqual((await store.beginMany(claims('t', ...batch))).filter(Boolean).length, 1_000, 'all have begun')
      mustEqual((await store.renewMany(claims('t', ...batch), long)).filter(Boolean).length, 1_000, 'all are renewed')
      const half = ends('done', 't', ...batch.slice(0, 500))
      mustEqual((await store.completeMany(half, kept)).filter(Boolean).length, 500, 'half of them completed')
      await store.releaseMany(claims('t', ...batch))
      const after = statuses(await store.claimMany(claims('next', ...batch), long))
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
      const answers = statuses(await store.claimMany(claims('t', ...alike), long))
      mustEqual(answers, ['done', ...alike.slice(1).map(() => 'won')], 'only the very same key is done')
    },
  },
  {
    name: 'takes keys of 10 KB, and reads them to their end',
    async run({ store }) {
      const key = 'k'.repeat(10_240)
      await finish(store, `${key}a`, 'done')
      const answers = statuses(await store.claimMany(claims('t', `${key}a`, `${key}b`), long))
      mustEqual(answers, ['done', 'won'], 'two keys')
    },
  },
]
