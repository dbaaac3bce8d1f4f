import {
  AFTER_SHORT_MS,
  entry,
  LONG_MS,
  mustBeMissing,
  nowOf,
  recordOf,
  SHORT_MS,
  stampsOf,
  type Case,
} from './cache-store-case.ts'
import { must, mustEqual } from './contract.ts'

/** The times of a tag's invalidations. */
export const stampCases: readonly Case[] = [
  {
    name: 'stamps the tags of what is written just before its load began',
    async run({ store }) {
      const beganAt = await nowOf(store)
      await store.writeMany([entry('a', { tags: ['t', 'u'], beganAt })])
      for (const tag of ['t', 'u'])
        mustEqual(await stampsOf(store, tag), { goneAt: beganAt - 1, staleAt: 0 }, `the stamps of ${tag}`)
    },
  },
  {
    name: 'stamps the tags of what is set just before now',
    async run({ store }) {
      const before = await nowOf(store)
      await store.writeMany([entry('a', { tags: ['t'] })])
      const { goneAt, staleAt } = await stampsOf(store, 't')
      const { beganAt = 0 } = (await recordOf(store, 'a')) ?? {}
      must(goneAt >= before && goneAt < beganAt, `it lies between the last read and the entry, not ${beganAt - goneAt} before it`) // prettier-ignore
      mustEqual(staleAt, 0, 'it was never stale')
    },
  },
  {
    name: 'stamps a tag of several entries of a batch before the first of their loads began',
    async run({ store }) {
      const [first, second] = [await nowOf(store), await nowOf(store)]
      await store.writeMany([
        entry('b', { tags: ['t'], beganAt: second }),
        entry('a', { tags: ['t'], beganAt: first }),
        entry('c', { tags: ['t'] }),
      ])
      mustEqual(await stampsOf(store, 't'), { goneAt: first - 1, staleAt: 0 }, 'the stamps')
    },
  },
  {
    name: 'does not change the stamps of a tag when something is written later',
    async run({ store }) {
      const beganAt = await nowOf(store)
      await store.writeMany([entry('a', { tags: ['t'], beganAt })])
      await store.writeMany([entry('b', { tags: ['t'] }), entry('c', { tags: ['t'], beganAt: beganAt - 1 })])
      mustEqual(await stampsOf(store, 't'), { goneAt: beganAt - 1, staleAt: 0 }, 'those of the first write')
      await store.stampTags(['t'], { as: 'gone', keepMs: LONG_MS })
      await store.stampTags(['t'], { as: 'stale', keepMs: LONG_MS })
      const stamps = await stampsOf(store, 't')
      await store.writeMany([entry('d', { tags: ['t'], beganAt }), entry('e', { tags: ['t'] })])
      mustEqual(await stampsOf(store, 't'), stamps, 'those of the invalidations')
    },
  },
  {
    name: 'sets one stamp to now and keeps the other one',
    async run({ store }) {
      await store.writeMany([entry('a', { tags: ['t'] })])
      const made = await stampsOf(store, 't')
      const before = await nowOf(store)
      await store.stampTags(['t'], { as: 'stale', keepMs: LONG_MS })
      const after = await nowOf(store)
      const stale = await stampsOf(store, 't')
      mustEqual(stale.goneAt, made.goneAt, 'what is stale is not gone')
      must(stale.staleAt > before && stale.staleAt < after, 'it is stale since now')
      await store.stampTags(['t'], { as: 'gone', keepMs: LONG_MS })
      const gone = await stampsOf(store, 't')
      mustEqual(gone.staleAt, stale.staleAt, 'it is stale since then')
      must(gone.goneAt > after, 'and gone since now')
    },
  },
  {
    name: 'stamps a tag that nothing was ever written with',
    async run({ store }) {
      const before = await nowOf(store)
      await store.stampTags(['t', 'u'], { as: 'gone', keepMs: LONG_MS })
      for (const tag of ['t', 'u']) {
        const { goneAt, staleAt } = await stampsOf(store, tag)
        must(goneAt > before, 'it is gone since now')
        mustEqual(staleAt, 0, 'and was never stale')
      }
      await store.stampTags(['v'], { as: 'stale', keepMs: LONG_MS })
      const { goneAt, staleAt } = await stampsOf(store, 'v')
      must(staleAt > before, 'it is stale since now')
      // A store that may lose stamps cannot know whether it was gone before.
      must(goneAt === 0 || goneAt === staleAt, 'and gone never, or with that')
    },
  },
  {
    name: 'stamps later than every load that began before, and earlier than every later one',
    async run({ store }) {
      for (const as of ['gone', 'stale', 'gone', 'stale'] as const) {
        await store.writeMany([entry('set', { tags: ['t'] })])
        const read = await nowOf(store)
        const { beganAt = Infinity } = (await recordOf(store, 'set')) ?? {}
        await store.stampTags(['t'], { as, keepMs: LONG_MS })
        const stamp = (await stampsOf(store, 't'))[`${as}At`]
        must(stamp > read && stamp > beganAt, 'later than what was read and set before')
        await store.writeMany([entry('set', { tags: ['t'] })])
        must(((await recordOf(store, 'set'))?.beganAt ?? 0) > stamp, 'earlier than what is set after')
        must((await nowOf(store)) > stamp, 'earlier than what is read after')
      }
    },
  },
  {
    name: 'leaves the entries of a tag alone: who reads them looks at the stamps',
    async run({ store }) {
      await store.writeMany([entry('a', { tags: ['t'] })])
      await store.stampTags(['t'], { as: 'gone', keepMs: LONG_MS })
      mustEqual((await recordOf(store, 'a'))?.tags, ['t'], 'the entry and its tags')
    },
  },
  {
    name: 'keeps stamps as long as the last of their entries',
    async run({ store, wait }) {
      const beganAt = await nowOf(store)
      await store.writeMany([entry('a', { tags: ['t', 'u'], ttlMs: SHORT_MS, beganAt })])
      await store.writeMany([
        entry('b', { tags: ['t'], ttlMs: SHORT_MS, staleMs: LONG_MS }),
        entry('c', { tags: ['u'], ttlMs: Infinity }),
      ])
      await wait(AFTER_SHORT_MS)
      await mustBeMissing(store, 'a', 'its own time is over')
      for (const tag of ['t', 'u'])
        mustEqual(await stampsOf(store, tag), { goneAt: beganAt - 1, staleAt: 0 }, `the stamps of ${tag}`)
    },
  },
  {
    name: 'does not forget a stamp earlier because it was stamped again for a shorter time',
    async run({ store, wait }) {
      await store.writeMany([entry('a', { tags: ['t'] })])
      await store.stampTags(['t'], { as: 'gone', keepMs: SHORT_MS })
      await store.stampTags(['u'], { as: 'gone', keepMs: LONG_MS })
      await store.stampTags(['u'], { as: 'stale', keepMs: SHORT_MS })
      const stamps = [await stampsOf(store, 't'), await stampsOf(store, 'u')]
      await wait(AFTER_SHORT_MS)
      mustEqual([await stampsOf(store, 't'), await stampsOf(store, 'u')], stamps, 'they are there')
    },
  },
]
