import type { Clock } from '../../src/core/clock.ts'
import { MemoryClaims } from '../../src/dedup/memory-claims.ts'
import { manualClock } from '../../src/testing/index.ts'
import type { KeyAnswer, KeyOp } from './protocol-key.ts'

const LEASE_MS = 1_000
const LONG_MS = 100_000_000

/** One key in the claims that the memory store, and a dedup without a store, are made of. */
export interface RealKey {
  apply(asked: KeyOp): KeyAnswer
}

export function realKey(): RealKey {
  let elapsed = 0
  const clock: Clock = { ...manualClock(), elapsed: () => elapsed }
  const open = (): MemoryClaims => new MemoryClaims(clock, LONG_MS)
  let claims = open()
  const key = 'k'

  function claim(token: string): KeyAnswer {
    const met = claims.claim({ key, token }, LEASE_MS)
    return met.status === 'won' ? `won ${met.runs} ${met.expired}` : met.status
  }

  return {
    apply(asked) {
      switch (asked.op) {
        case 'claim':
          return claim(asked.token)
        case 'begin':
          return claims.begin({ key, token: asked.token })
        case 'renew':
          return claims.renew({ key, ...asked }, LEASE_MS)
        case 'end':
          return claims.end({ key, ...asked }, LONG_MS)
        case 'release':
          claims.release({ key, ...asked })
          return undefined
        case 'revive':
          return claims.revive(key)
        case 'pass':
          elapsed += LEASE_MS + 1
          return undefined
        case 'forget':
          claims = open()
          return undefined
      }
    },
  }
}
