import { describe, expect, it } from 'vitest'
import { never, poolOf, type Client } from '../../test/support/pool-of.ts'

describe('create', () => {
  it('that rejects at once is heard by all who wait, and is not called again for them', async () => {
    let calls = 0
    const { pool, facts } = poolOf({
      maxClients: 2,
      create: () => {
        calls += 1
        return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
      },
    })
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => pool.acquire()))
    expect(results.every((result) => result.status === 'rejected' && result.reason.message === 'refused')).toBe(true)
    expect(calls).toBe(2)
    expect(facts).toContainEqual({ name: 'pool.create_failed', of: 'pool', code: 'ECONNREFUSED' })
    expect(pool.stats()).toMatchObject({ size: 0, waiting: 0 })
  })

  it('that throws is heard like one that rejects, and the pool works once it is healed', async () => {
    let broken = true
    const { pool, clock } = poolOf({
      create: () => {
        if (broken) throw new Error('no route')
        return { id: 7, ended: false }
      },
    })
    await expect(pool.acquire()).rejects.toThrow('no route')
    broken = false
    await clock.tick(50)
    expect((await pool.acquire()).client.id).toBe(7)
  })

  it('that fails while clients are borrowed leaves the waiters to those clients', async () => {
    let made = 0
    const { pool } = poolOf({
      maxClients: 5,
      create: () => (made++ === 0 ? { id: 0, ended: false } : Promise.reject(new Error('too many connections'))),
    })
    const lease = await pool.acquire()
    const waiting = pool.acquire()
    await new Promise((resolve) => setTimeout(resolve, 5))
    lease.release()
    expect((await waiting).client.id).toBe(0)
    expect(made).toBe(2)
  })

  it('that hangs frees its slot after createTimeoutMs, and a client that comes later is destroyed', async () => {
    const late: ((client: Client) => void)[] = []
    let hang = true
    const { pool, clock } = poolOf({
      maxClients: 2,
      createTimeoutMs: 100,
      create: () => (hang ? new Promise<Client>((resolve) => late.push(resolve)) : { id: 9, ended: false }),
    })
    const hanging = Promise.allSettled([pool.acquire(), pool.acquire()])
    await clock.tick(100)
    expect((await hanging).map((result) => result.status)).toEqual(['rejected', 'rejected'])
    hang = false
    await clock.tick(50)
    expect((await pool.acquire()).client.id).toBe(9)
    const straggler = { id: 1, ended: false }
    late[0]?.(straggler)
    await clock.tick(0)
    expect(straggler.ended).toBe(true)
    expect(pool.stats()).toMatchObject({ size: 1, borrowed: 1 })
  })

  it('is not wasted when its waiter has left: the next borrower gets the client', async () => {
    let finish = (_: Client): void => undefined
    const { pool, clock } = poolOf({ acquireTimeoutMs: 10, create: () => new Promise((resolve) => (finish = resolve)) })
    const gone = expect(pool.acquire()).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await clock.tick(10)
    await gone
    finish({ id: 3, ended: false })
    await clock.tick(0)
    expect((await pool.acquire()).client.id).toBe(3)
  })
})

describe('validate and reset', () => {
  it('skip a client that fails its validation, synchronous or not', async () => {
    for (const validate of [(c: Client) => c.id > 0, async (c: Client) => c.id > 0]) {
      const { pool, clients } = poolOf({ validate })
      ;(await pool.acquire()).release()
      expect((await pool.acquire()).client.id).toBe(1)
      expect(clients[0]?.ended).toBe(true)
    }
  })

  it('give a validation that hangs its own deadline, and the waiter another client', async () => {
    const { pool, clock, facts } = poolOf({ checkTimeoutMs: 50, validate: ({ id }) => (id === 0 ? never : true) })
    ;(await pool.acquire()).release()
    const waiting = pool.acquire()
    expect(pool.stats()).toMatchObject({ size: 1, healthy: 0 })
    await clock.tick(50)
    expect((await waiting).client.id).toBe(1)
    expect(facts).toContainEqual({ name: 'pool.validate_failed', of: 'pool', code: 'ERR_PERF_TIMEOUT' })
  })

  it('do not lend a client again before its reset has ended', async () => {
    let finish = (): void => undefined
    const { pool } = poolOf({ maxClients: 1, reset: () => new Promise<void>((resolve) => (finish = resolve)) })
    const first = await pool.acquire()
    first.release()
    let lent = false
    const second = pool.acquire().then(() => (lent = true))
    await Promise.resolve()
    expect(lent).toBe(false)
    finish()
    expect(await second).toBe(true)
  })

  it('destroy a client whose reset says no, throws or rejects', async () => {
    const resets = [() => false, () => Promise.reject(new Error('lost')), () => { throw new Error('lost') }] // prettier-ignore
    for (const reset of resets) {
      const { pool, clients } = poolOf({ maxClients: 1, reset })
      ;(await pool.acquire()).release()
      expect((await pool.acquire()).client.id).toBe(1)
      expect(clients[0]?.ended).toBe(true)
    }
  })
})
