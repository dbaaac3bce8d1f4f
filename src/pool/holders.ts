import type { Host } from '../core/host.ts'
import type { Loan } from './lease.ts'
import type { Holder } from './types.ts'

/** Who holds a client of these, the longest first. */
export function holders(loans: Iterable<Loan<unknown>>, now: number): Holder[] {
  const held = [...loans].filter((loan) => loan.held)
  return held
    .sort((a, b) => a.since - b.since)
    .map((loan) => ({ by: loan.by ?? 'unnamed', heldForMs: now - loan.since }))
}

interface Teller {
  readonly host: Host
  readonly name: string
}

/** Counts the loans of more than `longestMs`, and tells a fact of each, once, that names its borrower. */
export function tellLeaks({ host, name }: Teller, loans: Iterable<Loan<unknown>>, longestMs: number): number {
  const now = host.clock.now()
  let leaked = 0
  for (const loan of loans) {
    const durationMs = now - loan.since
    if (!loan.held || durationMs <= longestMs) continue
    leaked += 1
    if (loan.told) continue
    loan.told = true
    host.observe({ name: 'pool.leaked', of: name, reason: loan.by ?? 'unnamed', count: 1, durationMs })
  }
  return leaked
}
