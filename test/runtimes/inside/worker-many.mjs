// Many keys at once in a Worker: single steps of their cases.
import { cached, createCache } from '@easymo/perf/cache'
import { sleep } from './worker-cache.mjs'

const cache = createCache({ name: 'many', ttlMs: 60_000, loadTimeoutMs: 5_000 })
/** The keys of each batched load. */
const batches = []

const loadMany =
  ({ ms, fails }) =>
  async (keys) => {
    batches.push(keys)
    const nth = batches.length
    if (ms > 0) await sleep(ms)
    if (fails) throw new Error('load failed')
    return keys.map((key) => `${key} ${nth}`)
  }

const ask = ({ keys, waitUntil, ...how }) => cache.getOrSetMany(keys, loadMany(how), { waitUntil })

/** Its loads take as long as each argument says. */
const accessor = cached({
  cache: createCache({ name: 'accessor', ttlMs: 60_000, loadTimeoutMs: 5_000 }),
  key: ({ key }) => key,
  load: ({ key, ...how }) => loadMany(how)([key]).then(([value]) => value),
  loadMany: (list) => loadMany(list[0])(list.map(({ key }) => key)),
})

export const manySteps = {
  '/many/start': async ({ stay, ...asked }) => {
    void ask(asked).catch(() => undefined)
    await sleep(stay)
    return {}
  },
  '/many/get': async ({ stay, ...asked }) => {
    const values = await ask(asked)
    await sleep(stay)
    return { values }
  },
  '/many/batches': ({ key }) => ({ batches: batches.filter((keys) => keys.some((one) => one.startsWith(key))) }),

  '/accessor/start': ({ keys, ms }) => {
    void accessor.many(keys.map((key) => ({ key, ms }))).catch(() => undefined)
    return {}
  },
  '/accessor/get': async ({ keys, ms }) => ({ values: await accessor.many(keys.map((key) => ({ key, ms }))) }),
}
