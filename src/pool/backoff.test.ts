import { describe, expect, it } from 'vitest'
import { poolOf, type Client } from '../../test/support/pool-of.ts'

describe('a create that fails again and again', () => {
  it('is tried less and less often, whoever asks; the others hear the failure at once', async () => {
    let calls = 0
    const { pool, clock } = poolOf({
      create: () => {
        calls += 1
        throw new Error(`refused ${calls}`)
      },
    })
    const seen: number[] = []
    for (let second = 0; second < 60; second += 1) {
      for (let i = 0; i < 100; i += 1) {
        await expect(pool.acquire()).rejects.toThrow('refused')
        await clock.tick(10)
      }
      seen.push(calls)
    }
    // 50 ms, doubled up to 1 s, less up to a half by chance.
    expect(seen[0]).toBeGreaterThan(2)
    expect(seen[0]).toBeLessThan(10)
    expect(calls).toBeGreaterThan(55)
    expect(calls).toBeLessThan(130)
  })

  it('is tried by one borrower at a time; once it succeeds, the others get their clients, too', async () => {
    const pending: { resolve: (client: Client) => void; reject: (error: Error) => void }[] = []
    const create = (): Promise<Client> => new Promise((resolve, reject) => pending.push({ resolve, reject }))
    const { pool, clock } = poolOf({ maxClients: 3, create })
    const failing = Promise.allSettled([pool.acquire(), pool.acquire()])
    for (const { reject } of pending.splice(0)) reject(new Error('down'))
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await clock.tick(50)
    const waiting = [pool.acquire(), pool.acquire(), pool.acquire()]
    expect(pending).toHaveLength(1)
    pending.shift()?.resolve({ id: 0, ended: false })
    expect((await waiting[0])?.client.id).toBe(0)
    expect(pending).toHaveLength(2)
    for (const [at, { resolve }] of pending.entries()) resolve({ id: at + 1, ended: false })
    expect((await Promise.all(waiting)).map(({ client }) => client.id)).toEqual([0, 1, 2])
  })

  it('is tried again for who waits beside lent clients, and needs nobody else to ask', async () => {
    let made = 0
    const { pool, clock } = poolOf({
      create: () => {
        made += 1
        if (made === 2) throw new Error('too many connections')
        return { id: made, ended: false }
      },
    })
    await pool.acquire()
    const waiting = pool.acquire()
    await clock.tick(0)
    expect(pool.stats()).toMatchObject({ waiting: 1 })
    await clock.tick(50)
    expect((await waiting).client.id).toBe(3)
  })

  it('is told to who waited for a lent client, when that comes back broken too early for another try', async () => {
    let made = 0
    const { pool, clock } = poolOf({
      create: () => {
        made += 1
        if (made > 1) throw new Error('down')
        return { id: made, ended: false }
      },
    })
    const lease = await pool.acquire()
    const waiting = expect(pool.acquire()).rejects.toThrow('down')
    await clock.tick(0)
    lease.release({ broken: true })
    await waiting
    expect(made).toBe(2)
    expect(pool.stats()).toMatchObject({ size: 0, waiting: 0 })
  })
})
