import type { DedupStore } from '../core/dedup-store.ts'
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
  won,
  type Case,
} from './dedup-store-case.ts'

/** Servers count in whole milliseconds. */
const ROUGHLY_MS = 10

/** How much of the store's time has passed since `clock` was claimed. */
async function elapsedMs(store: DedupStore): Promise<number> {
  const [met] = await store.claimMany(claims('asks', 'clock'), long)
  must(met?.status === 'leased', 'the lease is not over')
  return LONG_MS - met.leftMs
}

const late = { as: 'done', token: 'late', key: 'm', ifNobody: true } as const

/** What is remembered, for how long, and who may write it. */
export const endingCases: readonly Case[] = [
  ...(['done', 'dead'] as const).map((as): Case => ({
    name: `remembers what is ${as}, and lets nobody touch it any more`,
    async run({ store }) {
      await finish(store, 'm', as)
      const renewed = await store.renewMany([{ key: 'm', token: 'another', begun: true }], long)
      mustEqual(renewed, [false], 'nothing is left to renew')
      mustEqual(await store.beginMany(claims('another', 'm')), [false], 'nothing is left to begin')
      const completed = await store.completeMany(ends('dead', 'another', 'm'), kept)
      mustEqual(completed, [false], 'nothing is left to complete')
      // A store may tell the token that ended it that it did, or not: nothing may come of it.
      await store.renewMany([{ key: 'm', token: 'finishes', begun: 'written' }], long)
      await store.completeMany(ends(as === 'done' ? 'dead' : 'done', 'finishes', 'm'), kept)
      await store.completeMany([{ ...late, token: as === 'dead' ? 'another' : 'finishes' }], kept)
      await store.releaseMany(claims('finishes', 'm'))
      mustEqual(await status(store, 'm'), as, 'it stays as it is')
    },
  })),
  {
    name: 'forgets what is done when the retention is over, counts and all',
    async run({ store, wait }) {
      await expire({ store, wait }, 'm', 'first')
      await store.claimMany(claims('t', 'm'), long)
      await store.completeMany(ends('done', 't', 'm'), { retentionMs: short.leaseMs })
      // Twice: a store may keep it for up to two retentions.
      await wait(2 * AFTER_SHORT_MS)
      mustEqual(await store.claimMany(claims('next', 'm'), long), [won(0, 0)], 'it is new again')
    },
  },
  {
    name: 'counts the retention from the moment of completion',
    async run({ store, wait }) {
      await store.claimMany(claims('nobody', 'clock'), long)
      for (let tried = 1; ; tried += 1) {
        const key = `m${tried}`
        await store.claimMany(claims('t', key), long)
        await wait(400)
        const completedAt = await elapsedMs(store)
        await store.completeMany(ends('done', 't', key), { retentionMs: 600 })
        await wait(300)
        if ((await status(store, key)) === 'done') return
        // On a machine under load the question may come too late: then it says nothing, and is put again.
        const tooLate = (await elapsedMs(store)) - completedAt > 600 - ROUGHLY_MS
        must(tooLate && tried < 20, 'it is remembered still')
      }
    },
  },
  {
    name: 'lets a late owner finish while nobody took the claim over',
    async run({ store, wait }) {
      await expire({ store, wait }, 'm', 'late')
      mustEqual(await store.completeMany(ends('done', 'late', 'm'), kept), [true], 'it is still the owner')
      mustEqual(await status(store, 'm'), 'done', 'it is done')
    },
  },
  {
    name: 'does not let a late owner begin, renew, finish or free a claim that another one holds',
    async run({ store, wait }) {
      await expire({ store, wait }, 'm', 'late')
      await store.claimMany(claims('new', 'm'), long)
      mustEqual(await store.beginMany(claims('late', 'm')), [false], 'beginning is refused')
      const renewed = await store.renewMany([{ key: 'm', token: 'late', begun: 'written' }], long)
      mustEqual(renewed, [false], 'renewing is refused')
      mustEqual(await store.completeMany(ends('done', 'late', 'm'), kept), [false], 'completing is refused')
      mustEqual(await store.completeMany([late], kept), [false], 'also to one who would write it where nobody is')
      await store.releaseMany([{ key: 'm', token: 'late', begun: true }])
      mustEqual(await status(store, 'm'), 'leased', 'freeing it did nothing')
      mustEqual(await store.completeMany(ends('done', 'new', 'm'), kept), [true], 'the new owner finishes')
    },
  },
  {
    name: 'completes those keys of a batch that are owned, and says which',
    async run({ store }) {
      await store.claimMany(claims('mine', 'a', 'c'), long)
      await store.claimMany(claims('other', 'b'), long)
      const completed = await store.completeMany(ends('dead', 'mine', 'b', 'a', 'x', 'c'), kept)
      mustEqual(completed, [false, true, false, true], 'two are mine')
      mustEqual(await status(store, 'b'), 'leased', 'what is not mine is not touched')
      mustEqual(await status(store, 'x'), 'won', 'what was never claimed is new')
      mustEqual(await status(store, 'a'), 'dead', 'what is mine is dead')
    },
  },
  {
    name: 'writes done where nobody owns the key, when it is asked to',
    async run({ store, wait }) {
      await expire({ store, wait }, 'expired', 'another')
      await store.claimMany(claims('another', 'freed'), long)
      await store.claimMany(claims('late', 'given'), long)
      await store.releaseMany([...claims('another', 'freed'), { key: 'given', token: 'late', begun: true }])
      const keys = ['absent', 'expired', 'freed', 'given']
      const strict = await store.completeMany(ends('done', 'late', ...keys), kept)
      mustEqual(strict, [false, false, false, false], 'not when it is not asked to')
      const written = await store.completeMany(
        keys.map((key) => ({ ...late, key })),
        kept,
      )
      mustEqual(written, [true, true, true, true], 'it is written')
      for (const key of keys) mustEqual(await status(store, key), 'done', `${key} is done`)
    },
  },
  {
    name: 'writes dead for nobody but the owner',
    async run({ store }) {
      const end = { ...late, as: 'dead' } as const
      mustEqual(await store.completeMany([end], kept), [false], 'nobody owns it')
      mustEqual(await status(store, 'm'), 'won', 'it is free')
    },
  },
  {
    name: 'forgets what is dead when it is revived, and nothing else',
    async run({ store }) {
      await finish(store, 'done', 'done')
      await store.claimMany(claims('t', 'dead', 'held'), long)
      await store.releaseMany([{ key: 'dead', token: 't', begun: true }])
      await finish(store, 'dead', 'dead')
      const revived = await store.reviveMany(['done', 'dead', 'held', 'absent'])
      mustEqual(revived, [false, true, false, false], 'one was dead')
      mustEqual(await store.claimMany(claims('next', 'dead'), long), [won(0, 0)], 'it is new, counts and all')
      mustEqual(await status(store, 'done'), 'done', 'what is done stays done')
      mustEqual(await status(store, 'held'), 'leased', 'what is held stays held')
      mustEqual(await store.reviveMany(['dead']), [false], 'and what is claimed again too')
    },
  },
]
