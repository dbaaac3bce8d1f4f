import type { Fact } from '../../src/core/fact.ts'
import { createHost } from '../../src/core/host.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/pool/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/clock.ts'

/** A client that remembers whether it was destroyed. */
export interface Client {
  readonly id: number
  ended: boolean
}

/** A pool by a manual clock, with all that it made and told. */
export interface Made {
  readonly pool: Pool<Client>
  readonly clock: ManualClock
  readonly clients: Client[]
  readonly facts: Fact[]
}

export function poolOf(options: Partial<PoolOptions<Client>> = {}): Made {
  const clock = manualClock()
  const facts: Fact[] = []
  const clients: Client[] = []
  const pool = createPool<Client>({
    create: () => {
      const client = { id: clients.length, ended: false }
      clients.push(client)
      return client
    },
    destroy: (client) => {
      client.ended = true
    },
    host: createHost({ clock, observe: (fact) => facts.push(fact) }),
    ...options,
  })
  return { pool, clock, clients, facts }
}

export const never: Promise<never> = new Promise<never>(() => undefined)
