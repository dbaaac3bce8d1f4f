import { describe, expect, it } from 'vitest'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { fails, ids, key, places, startWatched } from '../../test/support/dedup-start.ts'
import { NonRetryable } from '../core/errors.ts'

for (const [place, start] of places)
  describe(`poison, ${place}`, () => {
    it('leaves siblings alone when a park hangs, and keeps the key from other callers', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const handled: string[] = []
      const handle = (update: string): void => {
        if (update === 'm0') throw new NonRetryable('bad')
        handled.push(update)
      }
      const call = dedup.each(ids(3), { key, handle, park: () => opened, concurrency: 1 })
      await clock.tick(100)
      expect(handled).toEqual([])
      const elsewhere = other.once('m0', () => 'ran twice', { waitMs: 40_000 })
      expect(await finished(clock, elsewhere)).toMatchObject({ status: 'in-progress' })
      open()
      expect((await finished(clock, call)).map(({ status }) => status)).toEqual(['dead', 'done', 'done'])
      expect(handled).toEqual(['m1', 'm2'])
    })

    it('gives park the update, its error and its attempt, and answers dead with the error', async () => {
      const { clock, dedup, told } = start()
      const error = new NonRetryable('bad')
      const parked: unknown[] = []
      const call = dedup.each([{ id: 'm0' }], {
        key: ({ id }) => id,
        handle: () => Promise.reject(error),
        park: (update, why, { attempt, token }) => void parked.push(update, why, attempt, typeof token),
      })
      expect(await finished(clock, call)).toEqual([{ key: 'm0', status: 'dead', error }])
      expect(parked).toEqual([{ id: 'm0' }, error, 1, 'string'])
      expect(told('dedup.parked')).toBe(1)
    })

    it('tells one fact for each poison key that nobody parks', async () => {
      const { clock, dedup, told } = start()
      const handle = (): never => {
        throw new Error('x')
      }
      await finished(clock, dedup.each(ids(3), { key, handle, maxAttempts: 1 }))
      expect(told('dedup.poison')).toBe(3)
    })

    it('parks without another run what has failed more often than it may', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const handle = (): never => {
        throw new Error('ran')
      }
      // Three failures where nobody parked it.
      for (let resend = 0; resend < 3; resend += 1)
        await finished(clock, other.each(['m0'], { key, handle, maxAttempts: 9 }))
      const parked: number[] = []
      const call = dedup.each(['m0'], {
        key,
        handle: () => opened,
        park: (_, __, { attempt }) => void parked.push(attempt),
        maxAttempts: 3,
      })
      expect(await finished(clock, call)).toMatchObject([{ status: 'dead' }])
      expect(parked).toEqual([4])
      open()
    })

    it('parks a NonRetryable failure at once, and answers dead from then on', async () => {
      const { clock, dedup } = start()
      const parked: unknown[] = []
      const park = (key: string, error: unknown, { attempt }: { attempt: number }): void =>
        void parked.push([key, (error as Error).message, attempt])
      const poison = (): never => {
        throw new NonRetryable('no such template')
      }
      expect(await finished(clock, dedup.once('m1', poison, { park }))).toEqual({ status: 'dead' })
      expect(await finished(clock, dedup.once('m1', fails('ran'), { park }))).toEqual({ status: 'dead' })
      expect(parked).toEqual([['m1', 'no such template', 1]])
      expect(dedup.stats()).toMatchObject({ dead: 1, claimed: 1, released: 0 })
    })

    it('parks a failure at the last attempt that it may have', async () => {
      const { clock, dedup } = start()
      const parked: number[] = []
      const park = (_: string, __: unknown, { attempt }: { attempt: number }): void => void parked.push(attempt)
      const call = (): Promise<unknown> => finished(clock, dedup.once('m1', fails(), { park, maxAttempts: 3 }))
      await expect(call()).rejects.toThrow('db down')
      await expect(call()).rejects.toThrow('db down')
      expect(await call()).toEqual({ status: 'dead' })
      expect(parked).toEqual([3])
    })

    it('counts a park that throws as a failure, and parks again at the resend without another run', async () => {
      const { clock, dedup } = start()
      let runs = 0
      const poison = (): never => {
        runs += 1
        throw new NonRetryable('bad')
      }
      const first = dedup.once('m1', poison, { park: fails('queue full'), maxAttempts: 1 })
      await expect(finished(clock, first)).rejects.toThrow('queue full')
      const parked: string[] = []
      const second = dedup.once('m1', poison, { park: (key) => void parked.push(key), maxAttempts: 1 })
      expect(await finished(clock, second)).toEqual({ status: 'dead' })
      expect(runs).toBe(1)
      expect(parked).toEqual(['m1'])
    })

    it('treats poison without a park as any other failure', async () => {
      const { clock, dedup } = start()
      const poison = (): never => {
        throw new NonRetryable('bad')
      }
      await expect(finished(clock, dedup.once('m1', poison))).rejects.toThrow('bad')
      expect(
        await finished(
          clock,
          dedup.once('m1', ({ attempt }) => attempt),
        ),
      ).toEqual({ status: 'done', value: 2 })
    })
  })

describe('an update that takes its process down', () => {
  const LEASE_MS = 900

  /** Three updates whose leases ran out twice without a run that is known of, and the second of which kills its process. */
  async function doomed() {
    const { clock, make, count } = startWatched({ leaseMs: LEASE_MS })
    const died = async (options: { handle: (update: string) => unknown }): Promise<void> => {
      void make('dying').each(ids(3), { key, park: () => expect.unreachable('parked before it died'), ...options })
      await clock.tick(100)
    }
    for (let death = 0; death < 2; death += 1) {
      await died({ handle: forever })
      await clock.tick(LEASE_MS)
    }
    const run: string[] = []
    const parked: string[] = []
    const options = {
      key,
      maxAttempts: 3,
      handle: (update: string) => (run.push(update), update === 'm1' ? forever() : update),
      park: (update: string, _: unknown, { attempt }: { attempt: number }) => void parked.push(`${update} ${attempt}`),
    }
    return { clock, dedup: make(), died: () => died(options), options, run, parked, count }
  }

  it('is found among its siblings by running them one by one, and parked alone', async () => {
    const { clock, dedup, died, options, run, parked, count } = await doomed()
    for (let death = 1; death <= 3; death += 1) {
      await died()
      // The sibling before it is done, and known to be; the one behind it has not begun; its own begins are written.
      expect([run, parked]).toEqual([['m0', ...Array<string>(death).fill('m1')], []])
      expect(count('beginMany')).toBe(1 + death)
      await clock.tick(LEASE_MS)
    }
    expect(await finished(clock, dedup.each(ids(3), options))).toMatchObject([
      { status: 'duplicate' },
      { status: 'dead' },
      { status: 'done' },
    ])
    expect([run, parked]).toEqual([['m0', 'm1', 'm1', 'm1', 'm2'], ['m1 4']])
  })

  it('is found by a resend that waits for its lease, and the order of a group is kept', async () => {
    const { clock, dedup, died, options, run, parked } = await doomed()
    for (let death = 1; death <= 3; death += 1) {
      if (death > 1) await clock.tick(LEASE_MS)
      await died()
    }
    const call = dedup.each([...ids(3), 'm3'], { ...options, groupBy: () => 'one' })
    expect((await finished(clock, call)).map(({ status }) => status)).toEqual(['duplicate', 'dead', 'done', 'done'])
    expect([run, parked]).toEqual([['m0', 'm1', 'm1', 'm1', 'm2', 'm3'], ['m1 4']])
  })

  it('is never parked while nothing is known to have begun, however often leases run out', async () => {
    const { clock, dedup, options, run, parked } = await doomed()
    const handle = (update: string): number => run.push(update)
    const results = await finished(clock, dedup.each(ids(3), { ...options, maxAttempts: 1, handle }))
    expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    expect([run, parked]).toEqual([ids(3), []])
  })
})
