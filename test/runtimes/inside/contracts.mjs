// The contracts of stores, against those in memory, by the clock of the runtime. Side by side: they spend their time waiting.
import { memoryCacheStore } from '@easymo/perf/cache'
import { cacheStoreContract } from '@easymo/perf/testing'

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function runContracts() {
  return Promise.all(
    cacheStoreContract.map(async ({ name: promise, run }) => {
      const name = `memoryCacheStore ${promise}`
      try {
        await run({ store: memoryCacheStore(), wait })
        return { name }
      } catch (error) {
        return { name, error: String(error?.stack ?? error) }
      }
    }),
  )
}
