import { expect } from 'vitest'
import type { DrainReport, Lease } from '../../src/pool/index.ts'
import { poolOf, type Client } from './pool-of.ts'

/** What may happen to a pool. Numbers pick among the jobs, leases or borrowers there are at that moment. */
export type Step =
  | { readonly do: 'borrow'; readonly signal: boolean }
  /** A create, validate or reset that is under way ends, well or badly, perhaps after its deadline. */
  | { readonly do: 'settle'; readonly pick: number; readonly ok: boolean }
  | { readonly do: 'release'; readonly pick: number; readonly broken: boolean }
  | { readonly do: 'release again'; readonly pick: number }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'pass'; readonly ms: number }

interface Borrower {
  readonly abort: AbortController | undefined
  state: 'waiting' | 'has' | 'gave back' | 'refused'
  lease: Lease<Client> | undefined
}

/** A pool whose creates, checks and resets end when a test says so, and what must hold after every step. */
export function poolWorld() {
  const maxClients = 3
  const made: Client[] = []
  const jobs: ((ok: boolean) => void)[] = []
  const borrowers: Borrower[] = []
  let [making, healed] = [0, false]

  const job = <T>(well: () => T, badly: () => T): Promise<T> => {
    if (healed) return Promise.resolve(well())
    return new Promise((resolve) => jobs.push((ok) => resolve(ok ? well() : badly())))
  }
  const newClient = (): Client => {
    const client = { id: made.length, ended: false }
    made.push(client)
    return client
  }
  const { pool, clock } = poolOf({
    ...{ maxClients, maxWaiting: 5, maxUses: 4, acquireTimeoutMs: 150, createTimeoutMs: 100, checkTimeoutMs: 100 },
    ...{ idleTimeoutMs: 300, maxLifetimeMs: 600, healthCheckIntervalMs: 100, leakAfterMs: 200 },
    create: async ({ signal }) => {
      making += 1
      // At its deadline its slot is free again, whenever it ends.
      const free = (): void => void (making -= 1)
      signal.addEventListener('abort', free)
      const client = await job(newClient, () => undefined)
      signal.removeEventListener('abort', free)
      if (!signal.aborted) free()
      if (client === undefined) throw new Error('create failed')
      return client
    },
    validate: () => job(() => true, () => false), // prettier-ignore
    reset: () => job(() => true, () => false), // prettier-ignore
  })

  const borrow = (signal: boolean): void => {
    const abort = signal ? new AbortController() : undefined
    const borrower: Borrower = { abort, state: 'waiting', lease: undefined }
    borrowers.push(borrower)
    pool.acquire({ signal: abort?.signal }).then(
      (lease) => Object.assign(borrower, { lease, state: 'has' }),
      () => (borrower.state = 'refused'),
    )
  }
  const release = (borrower: Borrower | undefined, broken: boolean): void => {
    if (borrower?.lease === undefined) return
    borrower.state = 'gave back'
    borrower.lease.release({ broken })
  }
  const those = (state: Borrower['state']): Borrower[] => borrowers.filter((borrower) => borrower.state === state)
  const picked = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)]
  const alive = (): number => made.filter(({ ended }) => !ended).length

  return {
    maxClients,
    borrowers,
    alive,
    async take(step: Step): Promise<void> {
      if (step.do === 'borrow') borrow(step.signal)
      else if (step.do === 'settle') jobs.splice(step.pick % Math.max(1, jobs.length), 1)[0]?.(step.ok)
      else if (step.do === 'release') release(picked(those('has'), step.pick), step.broken)
      else if (step.do === 'release again') release(picked(those('gave back'), step.pick), false)
      else if (step.do === 'abort') picked(those('waiting'), step.pick)?.abort?.abort(new Error('gave up'))
      await clock.tick(step.do === 'pass' ? step.ms : 0)
    },
    check(): void {
      const { size, idle, borrowed, waiting } = pool.stats()
      const lent = those('has').map(({ lease }) => lease?.client)
      expect(new Set(lent).size, 'a client is lent twice').toBe(lent.length)
      expect(lent.some((client) => client?.ended), 'a client that has ended is lent').toBe(false) // prettier-ignore
      expect(size + making, 'too many clients').toBeLessThanOrEqual(maxClients)
      // First come, first served: nobody waits who came before somebody that was served.
      const states = borrowers.map(({ state }) => state)
      const served = Math.max(0, states.lastIndexOf('has'), states.lastIndexOf('gave back'))
      expect(states.slice(0, served).includes('waiting'), 'somebody is passed over').toBe(false)
      expect({ borrowed, waiting, size }).toEqual({
        borrowed: lent.length,
        waiting: those('waiting').length,
        size: alive(),
      })
      if (waiting > 0) expect(idle, 'somebody waits beside an idle client').toBe(0)
    },
    /** From now on all goes well, and there is time for everything that waits. */
    async calmDown(): Promise<void> {
      healed = true
      for (const borrower of those('has')) release(borrower, false)
      for (const end of jobs.splice(0)) end(true)
      for (let round = 0; round < 30; round += 1) {
        await clock.tick(100)
        for (const borrower of those('has')) release(borrower, false)
      }
      expect(those('waiting')).toEqual([])
      expect(pool.stats()).toMatchObject({ borrowed: 0, waiting: 0 })
    },
    /** How many get a client at once, who then give it back. */
    async borrowAll(): Promise<number> {
      const leases = Promise.all(Array.from({ length: maxClients }, () => pool.acquire()))
      await clock.tick(100)
      const clients = new Set((await leases).map(({ client }) => client))
      for (const lease of await leases) lease.release()
      await clock.tick(0)
      return clients.size
    },
    async drain(): Promise<DrainReport> {
      const drained = pool.drain()
      await clock.tick(100)
      return drained
    },
  }
}
