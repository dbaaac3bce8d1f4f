import type { ContractCase } from './contract.ts'
import type { DedupStoreSubject } from './dedup-store-case.ts'
import { claimCases, keyCases } from './dedup-store-claims.ts'
import { endingCases } from './dedup-store-endings.ts'
import { leaseCases } from './dedup-store-leases.ts'

/**
 * The promises that every store of claims keeps, as a plain list for any test runner, and for a Worker.
 *
 * ```ts
 * for (const { name, run } of dedupStoreContract)
 *   it(name, () => run({ store: myDedupStore(freshDatabase()), wait: (ms) => setTimeout(ms) }))
 * ```
 *
 * On a manual clock it takes no time; on a real one about two seconds. Who runs the cases side by side gives each one
 * a store of its own.
 */
export const dedupStoreContract: readonly ContractCase<DedupStoreSubject>[] = [
  ...claimCases,
  ...endingCases,
  ...leaseCases,
  ...keyCases,
]
