import {
  AFTER_SHORT_MS,
  entry,
  LONG_MS,
  many,
  mustBeMissing,
  nowOf,
  recordOf,
  ROUGHLY_MS,
  SHORT_MS,
  textOf,
  type Case,
} from './cache-store-case.ts'
import { must, mustEqual } from './contract.ts'

const TEXTS = ['', ' ', 'null', '{"a":[1,"b"]}', 'say "hi"', "o'hara", 'back\\slash', 'line\nline\r\n\ttab', '\\u0000', '%s $1 {a,b} :k', '👋🏾 漢 e\u0301 \u2028', 'x'.repeat(102_400), '漢'.repeat(34_000)] // prettier-ignore

/** What comes back, in which order, and how it was written. */
export const entryCases: readonly Case[] = [
  {
    name: 'answers every key and every tag of a read, in the order asked',
    async run({ store }) {
      await store.writeMany([entry('a', { tags: ['t'] }), entry('b'), entry('c')])
      const { records, stamps } = await store.readMany(['c', 'x', 'a', 'b'], ['u', 't'])
      mustEqual(
        records.map((record) => record?.text ?? 'missing'),
        ['text of c', 'missing', 'text of a', 'text of b'],
        'records',
      )
      mustEqual(
        stamps.map((found) => found !== undefined),
        [false, true],
        'stamps',
      )
      mustEqual([records[1], stamps[0]].map(String), ['undefined', 'undefined'], 'what is missing is undefined')
    },
  },
  {
    name: 'takes empty lists',
    async run({ store }) {
      const { now, records, stamps } = await store.readMany([], [])
      mustEqual([records, stamps], [[], []], 'nothing was asked')
      must(Number.isSafeInteger(now) && now > 0, `the clock is in whole microseconds, not ${now}`)
      await store.writeMany([])
      await store.deleteMany([], { keepMs: LONG_MS })
      await store.stampTags([], { as: 'gone', keepMs: LONG_MS })
      await store.stampTags([], { as: 'stale', keepMs: LONG_MS })
    },
  },
  {
    name: 'gives every text back as it was written',
    async run({ store }) {
      await store.writeMany(TEXTS.map((text, at) => entry(`k${at}`, { text })))
      const { records } = await store.readMany(many(TEXTS.length, 'k'), [])
      TEXTS.forEach((text, at) => must(records[at]?.text === text, `text ${at} came back changed`))
    },
  },
  {
    name: 'keeps the version and the tags of an entry',
    async run({ store }) {
      const tags = ['user:42', 'a,b', 'say "hi"', '{x}', 'NULL', '👋🏾', 'two words']
      await store.writeMany([entry('a', { version: 'json/2 "é"', tags }), entry('b', { version: '' })])
      const [a, b] = (await store.readMany(['a', 'b'], [])).records
      mustEqual([a?.version, a?.tags], ['json/2 "é"', tags], 'of one')
      mustEqual([b?.version, b?.tags], ['', []], 'of one that has none')
    },
  },
  {
    name: 'replaces an entry, all of it',
    async run({ store }) {
      await store.writeMany([entry('a', { text: 'old', version: '1', tags: ['t'], ttlMs: SHORT_MS })])
      await store.writeMany([entry('a', { text: 'new', version: '2', tags: ['u'] })])
      const record = await recordOf(store, 'a')
      mustEqual([record?.text, record?.version, record?.tags], ['new', '2', ['u']], 'the new one')
      must((record?.leftMs ?? 0) > SHORT_MS, 'it has its own time to live')
    },
  },
  {
    name: 'handles a thousand entries in one call',
    async run({ store }) {
      const keys = many(1_000, 'k')
      await store.writeMany(keys.map((key, at) => entry(key, { tags: [`t${at % 20}`, 'all'] })))
      const { records, stamps } = await store.readMany([...keys].reverse(), [...many(20, 't'), 'all', 'none'])
      mustEqual(
        records.map((record) => record?.text),
        [...keys].reverse().map((key) => `text of ${key}`),
        'records',
      )
      mustEqual(stamps.map(Boolean), [...Array<boolean>(21).fill(true), false], 'stamps')
      await store.deleteMany(keys.slice(0, 500), { keepMs: LONG_MS })
      const after = (await store.readMany(keys, [])).records.map(Boolean)
      mustEqual([after.indexOf(true), after.lastIndexOf(false)], [500, 499], 'one half is deleted')
    },
  },
  {
    name: 'keeps keys and tags apart that look alike',
    async run({ store }) {
      const alike = ['key', 'KEY', 'key ', ' key', 'k\u00e9y', 'ke\u0301y', 'key\n', 'key%', 'key:', "key'", 'key*', `${'k'.repeat(400)}a`, `${'k'.repeat(400)}b`] // prettier-ignore
      await store.writeMany(alike.map((name, at) => entry(name, { text: String(at) })))
      const { records, stamps } = await store.readMany(alike, alike)
      mustEqual(
        records.map((record) => record?.text),
        alike.map((_, at) => String(at)),
        'each key has its own entry',
      )
      mustEqual(stamps.map(Boolean), alike.map(() => false), 'no key is a tag') // prettier-ignore
      await store.stampTags(['key'], { as: 'gone', keepMs: LONG_MS })
      const after = await store.readMany(alike, alike)
      mustEqual(after.stamps.map(Boolean), alike.map((name) => name === 'key'), 'one tag is stamped') // prettier-ignore
      mustEqual(after.records.map(Boolean), alike.map(() => true), 'no tag is a key') // prettier-ignore
    },
  },
]

/** How old an entry is, and how long it is kept. */
export const timeCases: readonly Case[] = [
  {
    name: 'has a clock in whole microseconds that goes on',
    async run({ store, wait }) {
      const first = await nowOf(store)
      const second = await nowOf(store)
      await wait(AFTER_SHORT_MS)
      const third = await nowOf(store)
      must([first, second, third].every(Number.isSafeInteger), 'whole numbers')
      must(first < second && second < third, `it grows, and did not: ${[first, second, third].join(', ')}`)
      const passedMs = (third - second) / 1_000
      must(passedMs >= AFTER_SHORT_MS - ROUGHLY_MS, `${AFTER_SHORT_MS} ms passed, not ${passedMs}`)
    },
  },
  {
    name: 'says how old an entry is and how long it has left',
    async run({ store, wait }) {
      await store.writeMany([entry('a')])
      await wait(AFTER_SHORT_MS)
      const { ageMs = 0, leftMs = 0 } = (await recordOf(store, 'a')) ?? {}
      must(ageMs >= AFTER_SHORT_MS - ROUGHLY_MS && ageMs < LONG_MS, `the age, which is not ${ageMs}`)
      const allMs = ageMs + leftMs
      must(Math.abs(allMs - LONG_MS) <= ROUGHLY_MS, `both together are the time to live, not ${allMs}`)
    },
  },
  {
    name: 'counts both from the write, not from the beginning of the load',
    async run({ store, wait }) {
      const beganAt = await nowOf(store)
      await wait(AFTER_SHORT_MS)
      await store.writeMany([entry('a', { beganAt })])
      const record = await recordOf(store, 'a')
      mustEqual(record?.beganAt, beganAt, 'the load began then')
      must(record !== undefined && record.leftMs + record.ageMs > LONG_MS - ROUGHLY_MS, 'it has all of its time')
    },
  },
  {
    name: 'keeps an entry that never expires',
    async run({ store, wait }) {
      const forever = [entry('a', { ttlMs: Infinity }), entry('b', { ttlMs: Infinity, staleMs: Infinity, tags: ['t'] })]
      await store.writeMany(forever)
      await wait(AFTER_SHORT_MS)
      const { records, stamps } = await store.readMany(['a', 'b'], ['t'])
      must(records.every((record) => record?.leftMs === Infinity), 'it has for ever left') // prettier-ignore
      must(stamps[0] !== undefined, 'its tag is kept too')
    },
  },
  {
    name: 'keeps an expired entry for its stale window',
    async run({ store, wait }) {
      await store.writeMany([
        entry('a', { ttlMs: SHORT_MS, staleMs: LONG_MS }),
        entry('b', { ttlMs: SHORT_MS, staleMs: Infinity }),
        entry('c', { ttlMs: 0, staleMs: LONG_MS }),
      ])
      await wait(AFTER_SHORT_MS)
      const { records } = await store.readMany(['a', 'b', 'c'], [])
      for (const record of records) {
        must(record !== undefined, 'it is kept')
        must(record.leftMs <= 0, `it expired before now, and has not ${record.leftMs} left`)
        must(record.leftMs > -LONG_MS, `it expired after it was written, not ${record.leftMs} before now`)
      }
    },
  },
  {
    name: 'forgets an entry when its stale window is over',
    async run({ store, wait }) {
      await store.writeMany([
        entry('a', { ttlMs: SHORT_MS }),
        entry('b', { ttlMs: SHORT_MS, staleMs: SHORT_MS }),
        entry('c', { ttlMs: SHORT_MS, staleMs: LONG_MS }),
      ])
      await wait(2 * AFTER_SHORT_MS)
      const { records } = await store.readMany(['a', 'b', 'c'], [])
      mustEqual(records.map(Boolean), [false, false, true], 'one is kept for longer')
    },
  },
  {
    name: 'takes durations that are not whole',
    async run({ store }) {
      await store.writeMany([entry('a', { ttlMs: LONG_MS + 0.25, staleMs: 0.5, tags: ['t'] })])
      await store.stampTags(['t'], { as: 'stale', keepMs: LONG_MS + 0.75 })
      mustEqual(await textOf(store, 'a'), 'text of a', 'it is there')
      await store.deleteMany(['a'], { keepMs: 1_000.5 })
      await mustBeMissing(store, 'a', 'it is deleted')
    },
  },
]
