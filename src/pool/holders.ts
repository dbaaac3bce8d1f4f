import type { Slot } from './lease.ts'
import type { Holder } from './types.ts'

/** Who holds a client of these, the longest first. */
export function holders(slots: Iterable<Slot<unknown>>, now: number): Holder[] {
  const held = [...slots].filter((slot) => slot.held)
  return held
    .sort((a, b) => a.since - b.since)
    .map((slot) => ({ by: slot.by ?? 'unnamed', heldForMs: now - slot.since }))
}
