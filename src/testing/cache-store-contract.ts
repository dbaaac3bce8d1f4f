import type { CacheStoreSubject } from './cache-store-case.ts'
import { entryCases, timeCases } from './cache-store-entries.ts'
import { givingUpCases } from './cache-store-giving-up.ts'
import { orderCases } from './cache-store-order.ts'
import { stampCases } from './cache-store-stamps.ts'
import type { ContractCase } from './contract.ts'

/**
 * The promises that every tier behind a cache keeps, as a plain list for any test runner, and for a Worker.
 *
 * ```ts
 * for (const { name, run } of cacheStoreContract)
 *   it(name, () => run({ store: myCacheStore(freshDatabase()), wait: (ms) => setTimeout(ms) }))
 * ```
 *
 * On a manual clock it takes no time; on a real one about two seconds. Who runs the cases side by side gives each one
 * a store of its own.
 */
export const cacheStoreContract: readonly ContractCase<CacheStoreSubject>[] = [
  ...entryCases,
  ...timeCases,
  ...orderCases,
  ...stampCases,
  ...givingUpCases,
]
