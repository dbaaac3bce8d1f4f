import type { Claim } from '../core/dedup-store.ts'
import { must, mustEqual } from './contract.ts'
import {
  AFTER_SHORT_MS,
  claims,
  ends,
  expire,
  finish,
  kept,
  long,
  short,
  status,
  statuses,
  won,
  type Case,
} from './dedup-store-case.ts'

/** A claim whose run has begun. */
const begun = (token: string, key: string): Claim & { readonly begun: true } => ({ key, token, begun: true })

/** How claims are given back and prolonged, and what is counted. */
export const leaseCases: readonly Case[] = [
  {
    name: 'frees a released key at once',
    async run({ store }) {
      await store.claimMany(claims('fails', 'm'), long)
      await store.releaseMany([{ key: 'm', token: 'fails', begun: true }])
      const completed = await store.completeMany(ends('done', 'fails', 'm'), kept)
      mustEqual(completed, [false], 'who gave it back does not own it')
      mustEqual(await store.claimMany(claims('next', 'm'), long), [won(1, 0)], 'it is free, after one run')
    },
  },
  {
    name: 'counts a run that is given back, and no claim that was given back without one',
    async run({ store }) {
      for (const runs of [0, 1, 2]) {
        mustEqual(await store.claimMany(claims(`u${runs}`, 'm'), long), [won(runs, 0)], 'so many runs')
        await store.releaseMany(claims(`u${runs}`, 'm'))
        mustEqual(await store.claimMany(claims(`b${runs}`, 'm'), long), [won(runs, 0)], 'it did not begin')
        await store.releaseMany([begun(`b${runs}`, 'm')])
      }
    },
  },
  {
    name: 'counts a begin once, however often it is told of, and keeps it when the owner is gone',
    async run({ store, wait }) {
      await store.claimMany(claims('t', 'm'), short)
      mustEqual(await store.beginMany(claims('t', 'm')), [true], 'it begins')
      mustEqual(await store.beginMany(claims('t', 'm')), [true], 'told again')
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.claimMany(claims('next', 'm'), long), [won(1, 1)], 'one run, one lease that ran out')
    },
  },
  {
    name: 'does not count a written begin again when it is given back, and takes it back when nothing ran',
    async run({ store }) {
      await store.claimMany(claims('ran', 'm'), long)
      await store.beginMany(claims('ran', 'm'))
      await store.releaseMany([begun('ran', 'm')])
      mustEqual(await store.claimMany(claims('did not', 'm'), long), [won(1, 0)], 'it ran once')
      await store.beginMany(claims('did not', 'm'))
      await store.releaseMany(claims('did not', 'm'))
      mustEqual(await store.claimMany(claims('next', 'm'), long), [won(1, 0)], 'it did not run again')
    },
  },
  {
    name: 'prolongs a lease that is renewed',
    async run({ store, wait }) {
      await store.claimMany(claims('t', 'm'), { leaseMs: 5_000 })
      mustEqual(await store.renewMany(claims('t', 'm'), long), [true], 'the owner may renew')
      const [met] = await store.claimMany(claims('other', 'm'), long)
      must(met?.status === 'leased' && met.leftMs > 5_000, 'it has more time left than it had at first')
      mustEqual(await store.renewMany([begun('t', 'm')], short), [true], 'the owner may renew again')
      await wait(AFTER_SHORT_MS)
      mustEqual(await store.claimMany(claims('other', 'm'), long), [won(0, 1)], 'from now, not from then')
    },
  },
  {
    name: 'renews those keys of a batch that are owned, and says which',
    async run({ store }) {
      await finish(store, 'done', 'done')
      await store.claimMany(claims('t', 'mine', 'freed'), long)
      await store.claimMany(claims('other', 'theirs'), long)
      await store.releaseMany(claims('t', 'freed'))
      const answers = await store.renewMany(claims('t', 'done', 'mine', 'freed', 'theirs', 'new'), long)
      mustEqual(answers, [false, true, false, false, false], 'one is mine')
      mustEqual(statuses(await store.claimMany(claims('x', 'freed', 'new'), long)), ['won', 'won'], 'nothing was made')
    },
  },
  {
    name: 'gives a run that has begun its lease again, where nobody else has it',
    async run({ store, wait }) {
      await expire({ store, wait }, 'expired', 'another')
      await store.claimMany(claims('another', 'freed'), long)
      await store.releaseMany(claims('another', 'freed'))
      const keys = ['absent', 'expired', 'freed']
      mustEqual(await store.renewMany(claims('t', ...keys), long), [false, false, false], 'not before it has begun')
      const renewed = await store.renewMany(
        keys.map((key) => begun('t', key)),
        long,
      )
      mustEqual(renewed, [true, true, true], 'it goes on')
      mustEqual(
        statuses(await store.claimMany(claims('x', ...keys), long)),
        ['leased', 'leased', 'leased'],
        'and holds',
      )
    },
  },
  {
    name: 'counts a written begin in what a run takes again, and no other',
    async run({ store }) {
      await store.renewMany([{ ...begun('t', 'written'), begun: 'written' }, begun('t', 'unwritten')], long)
      await store.releaseMany([begun('t', 'written'), begun('t', 'unwritten')])
      const met = await store.claimMany(claims('next', 'written', 'unwritten'), long)
      mustEqual(met, [won(1, 0), won(1, 0)], 'each ran once')
    },
  },
  {
    name: 'does not give back to a run what it gave back itself',
    async run({ store }) {
      await store.claimMany(claims('t', 'm'), long)
      await store.releaseMany([begun('t', 'm')])
      mustEqual(await store.renewMany([begun('t', 'm')], long), [false], 'it is over')
      mustEqual(await status(store, 'm'), 'won', 'it is free')
    },
  },
  {
    name: 'takes durations that are not whole',
    async run({ store }) {
      await store.claimMany(claims('t', 'm'), { leaseMs: 60_000.25 })
      mustEqual(await store.renewMany(claims('t', 'm'), { leaseMs: 60_000.5 }), [true], 'renewed')
      mustEqual(await store.completeMany(ends('done', 't', 'm'), { retentionMs: 60_000.75 }), [true], 'completed')
      mustEqual(await status(store, 'm'), 'done', 'it is done')
    },
  },
]
