import {
  entry,
  LONG_MS,
  many,
  mustBeMissing,
  nowOf,
  recordOf,
  SHORT_MS,
  textOf,
  type Case,
} from './cache-store-case.ts'
import { must, mustEqual } from './contract.ts'

/** Which of two writes, or of a write and a deletion, is the last one. */
export const orderCases: readonly Case[] = [
  {
    name: 'says when the load of an entry began',
    async run({ store }) {
      const before = await nowOf(store)
      await store.writeMany([entry('given', { beganAt: before }), entry('not given')])
      const after = await nowOf(store)
      mustEqual((await recordOf(store, 'given'))?.beganAt, before, 'as it was given')
      const { beganAt = 0 } = (await recordOf(store, 'not given')) ?? {}
      must(beganAt > before && beganAt < after, 'else at the moment of the write')
    },
  },
  {
    name: 'does not let a load that began earlier replace a younger entry',
    async run({ store }) {
      const early = await nowOf(store)
      const late = await nowOf(store)
      await store.writeMany([entry('a', { text: 'late', beganAt: late }), entry('b', { text: 'set' })])
      await store.writeMany([
        entry('a', { text: 'early', beganAt: early }),
        entry('b', { text: 'early', beganAt: early }),
        entry('c', { text: 'early', beganAt: early }),
      ])
      mustEqual(
        (await store.readMany(['a', 'b', 'c'], [])).records.map((record) => record?.text),
        ['late', 'set', 'early'],
        'only where there was nothing it is written',
      )
    },
  },
  {
    name: 'lets a load that began later, or at the same time, replace an entry',
    async run({ store }) {
      const early = await nowOf(store)
      const late = await nowOf(store)
      await store.writeMany([entry('a', { text: 'early', beganAt: early })])
      await store.writeMany([entry('a', { text: 'late', beganAt: late })])
      mustEqual(await textOf(store, 'a'), 'late', 'later')
      await store.writeMany([entry('a', { text: 'again', beganAt: late })])
      mustEqual(await textOf(store, 'a'), 'again', 'at the same time')
      await store.writeMany([entry('a', { text: 'set' })])
      mustEqual(await textOf(store, 'a'), 'set', 'now')
    },
  },
  {
    name: 'misses what was deleted, and nothing else',
    async run({ store }) {
      await store.writeMany([entry('a'), entry('b'), entry('c')])
      await store.deleteMany(['c', 'x', 'a'], { keepMs: LONG_MS })
      const { records } = await store.readMany(['a', 'b', 'c', 'x'], [])
      mustEqual(
        records.map((record) => record?.text ?? 'missing'),
        ['missing', 'text of b', 'missing', 'missing'],
        'left',
      )
    },
  },
  {
    name: 'does not let a load that began before a deletion bring the entry back',
    async run({ store }) {
      await store.writeMany([entry('there')])
      const early = await nowOf(store)
      await store.deleteMany(['there', 'never there'], { keepMs: LONG_MS })
      await store.writeMany([entry('there', { beganAt: early }), entry('never there', { beganAt: early })])
      await mustBeMissing(store, 'there', 'it was there')
      await mustBeMissing(store, 'never there', 'it was never there')
    },
  },
  {
    name: 'writes what was loaded or set after a deletion',
    async run({ store }) {
      await store.writeMany([entry('a'), entry('b')])
      await store.deleteMany(['a', 'b'], { keepMs: LONG_MS })
      await store.writeMany([entry('a', { text: 'loaded', beganAt: await nowOf(store) }), entry('b', { text: 'set' })])
      mustEqual([await textOf(store, 'a'), await textOf(store, 'b')], ['loaded', 'set'], 'both')
    },
  },
  {
    name: 'remembers a deletion for as long as it was told first, however short the second',
    async run({ store, wait }) {
      const early = await nowOf(store)
      await store.deleteMany(['a'], { keepMs: LONG_MS })
      await store.deleteMany(['a'], { keepMs: SHORT_MS })
      await wait(2 * SHORT_MS)
      await store.writeMany([entry('a', { beganAt: early })])
      await mustBeMissing(store, 'a', 'it stays deleted')
    },
  },
  {
    name: 'takes batches that overlap in different orders side by side, and mixes no two entries',
    async run({ store }) {
      const keys = many(100, 'k')
      const shuffled = (by: number): string[] => {
        const turned = keys.slice(by * 7).concat(keys.slice(0, by * 7))
        return by % 2 ? turned.reverse() : turned
      }
      const writes = Array.from({ length: 8 }, (_, by) => {
        const one = { text: `w${by}`, version: `w${by}`, tags: [`w${by}`, 'all'] }
        return store.writeMany(shuffled(by).map((key) => entry(key, one)))
      })
      await Promise.all([
        ...writes,
        store.stampTags(['all', ...many(8, 'w')].reverse(), { as: 'stale', keepMs: LONG_MS }),
        store.deleteMany(shuffled(3), { keepMs: LONG_MS }),
        store.deleteMany(shuffled(4), { keepMs: LONG_MS }),
      ])
      await store.writeMany(shuffled(5).map((key) => entry(key, { text: 'w0', version: 'w0', tags: ['w0', 'all'] })))
      const { records } = await store.readMany(keys, [])
      for (const record of records) mustEqual([record?.version, record?.tags], [record?.text, [record?.text, 'all']], 'of one write') // prettier-ignore
      mustEqual(records.filter(Boolean).length, 100, 'what was set last is there')
    },
  },
]
