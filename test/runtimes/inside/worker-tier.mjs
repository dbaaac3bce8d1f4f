// Caches of two tiers in a Worker, made at module scope, over stores in memory and behind `fetch`; and single steps of
// their cases. Two caches of one name stand for two instances of a service.
import { createTieredCache, memoryCacheStore } from '@easymo/perf/cache'
import { loadOf, sleep } from './worker-cache.mjs'

const memory = memoryCacheStore()
const near = () =>
  createTieredCache({
    name: 'near',
    store: memory,
    ttlMs: 300,
    staleWhileRevalidateMs: 60_000,
    tagCheckMs: 100,
    loadTimeoutMs: 5_000,
  })

let storeUrl = ''
/** The Worker hears only with a request where the store is. */
export const storeIsAt = (url) => (storeUrl = url)

/** A store over `fetch`, as Upstash's and Supabase's are: each call belongs to the request that makes it. */
async function call(method, ...args) {
  const response = await fetch(`${storeUrl}/${method}`, { method: 'POST', body: JSON.stringify(args) })
  if (!response.ok) throw new Error(`the store answered ${response.status}`)
  return response.json()
}
const remote = {
  async readMany(keys, tags) {
    const { now, records, stamps } = await call('readMany', keys, tags)
    return { now, records: records.map((one) => one ?? undefined), stamps: stamps.map((one) => one ?? undefined) }
  },
  writeMany: (writes) => call('writeMany', writes),
  deleteMany: (keys, options) => call('deleteMany', keys, options),
  stampTags: (tags, options) => call('stampTags', tags, options),
}
/** Its first tier holds one entry, so that another key makes it forget. */
const far = (name) => createTieredCache({ name, store: remote, maxEntries: 1, ttlMs: 60_000, tagCheckMs: 600 })

const caches = { a: near(), b: near() }
void caches.a.set('early', 'here')
// Two instances for each case, because one case must not suffer from what another has found.
for (const name of ['shared', 'look', 'write', 'clear', 'tell', 'turns', 'check', 'frozen'])
  for (const instance of ['', '2']) caches[name + instance] = far(name)

const asked = ({ of, key, tag, waitUntil, ...how }) =>
  caches[of].lookup(key, loadOf(key, how), { waitUntil, ...(tag === undefined ? {} : { tags: [tag] }) })

export const tierSteps = {
  '/tier/start': async ({ stay, ...rest }) => {
    void asked(rest).catch(() => undefined)
    await sleep(stay)
    return {}
  },
  '/tier/get': async ({ stay, ...rest }) => {
    const lookup = await asked(rest)
    await sleep(stay)
    return lookup
  },
  '/tier/peek': ({ of, key }) => ({ value: caches[of].peek(key) }),
  '/tier/set': ({ of, key }) => caches[of].set(key, 'set'),
  '/tier/delete': ({ of, key }) => caches[of].delete(key),
  '/tier/clear': ({ of }) => caches[of].clear(),
  '/tier/clear/start': ({ of }) => void caches[of].clear(),
  '/tier/invalidate': ({ of, tag }) => caches[of].invalidateTag(tag),
  '/tier/stats': ({ of }) => caches[of].stats(),
  '/tier/behind': async ({ key }) => ({ text: (await memory.readMany([`near:${key}`], [])).records[0]?.text }),
}
