import { describe, expect, it } from 'vitest'
import { BUSY, deferred, DONE, DUPLICATE, FAILED, keyOf, messagesFrom, openDoor } from '../../test/support/door.ts'
import { StoreUnavailable } from '../core/errors.ts'
import type { EachResult } from '../core/updates.ts'
import { NonRetryable, type DoorRunner } from './index.ts'

const answerOf = async (response: Response): Promise<[number, unknown]> => [response.status, await response.json()]
const MIXED = '{"entry":[{"changes":[{"value":{"messages":[{"id":"w0"},{"id":7},{"id":"w1"}]}}]}]}'

describe('a poison update', () => {
  const parking = (error: () => Error, maxAttempts?: number) => {
    const parked: unknown[] = []
    const attempts: number[] = []
    const door = openDoor({
      ...(maxAttempts === undefined ? {} : { maxAttempts }),
      handle(_, { attempt }) {
        attempts.push(attempt)
        throw error()
      },
      park: (update, reason, { attempt, token, args }) =>
        void parked.push([keyOf(update), (reason as Error).message, attempt, typeof token, args]),
    })
    return { ...door, parked, attempts }
  }

  it('is parked at once when it is not to be tried again, and counts as done', async () => {
    const { post, parked, attempts } = parking(() => new NonRetryable('no such template'))
    const body = messagesFrom('2507')
    expect(await answerOf(await post(body, 'env'))).toEqual([200, DONE])
    expect(await answerOf(await post(body))).toEqual([200, DUPLICATE])
    expect(parked).toEqual([['m:w0', 'no such template', 1, 'string', ['env']]])
    expect(attempts).toEqual([1])
  })

  it('is parked when it failed as often as it may', async () => {
    const { post, parked, attempts } = parking(() => new Error('db down'), 3)
    const body = messagesFrom('2507')
    const statuses: number[] = []
    for (let time = 1; time <= 4; time += 1) statuses.push((await post(body)).status)
    expect(statuses).toEqual([500, 500, 200, 200])
    expect(attempts).toEqual([1, 2, 3])
    expect(parked).toEqual([['m:w0', 'db down', 3, 'string', []]])
  })

  it('is tried ten times unless told otherwise', async () => {
    const { post, attempts } = parking(() => new Error('db down'))
    const body = messagesFrom('2507')
    for (let time = 1; time < 10; time += 1) expect((await post(body)).status).toBe(500)
    expect((await post(body)).status).toBe(200)
    expect(attempts).toHaveLength(10)
  })

  it('fails until the provider gives up when nothing parks it, with a fact each time', async () => {
    const { post, facts } = openDoor({
      handle: () => Promise.reject(new NonRetryable('never')),
    })
    const body = messagesFrom('2507')
    for (let time = 1; time <= 2; time += 1) expect(await answerOf(await post(body))).toEqual([500, FAILED])
    expect(facts.filter(({ name }) => name === 'dedup.poison')).toHaveLength(2)
  })

  it('fails when parking fails, and is parked at the next resend', async () => {
    let full = true
    const { post } = openDoor({
      handle: () => Promise.reject(new NonRetryable('never')),
      park: () => (full ? Promise.reject(new Error('queue full')) : undefined),
    })
    const body = messagesFrom('2507', '2508')
    expect((await post(body)).status).toBe(500)
    full = false
    expect(await answerOf(await post(body))).toEqual([200, DONE])
  })
})

describe('what no key can be made for', () => {
  it('is told, counted, and does not harm its siblings', async () => {
    const told: unknown[] = []
    const { post, handled, facts, webhook } = openDoor({
      onUnkeyed: (change, { args }) => void told.push([change, args]),
    })
    expect(await answerOf(await post(MIXED, 'env'))).toEqual([200, DONE])
    expect(handled).toEqual(['m:w0', 'm:w1'])
    expect(told).toEqual([[{ reason: 'no_id', value: { id: 7 } }, ['env']]])
    expect(webhook.stats()).toMatchObject({ updates: 2, unkeyed: 1 })
    expect(facts).toEqual([{ name: 'webhook.unkeyed', of: 'whatsapp', count: 1 }])
  })

  it('is counted and told as a fact when nobody asked for it', async () => {
    const { post, facts, webhook } = openDoor()
    expect(await answerOf(await post('{"entry":[null,1]}'))).toEqual([200, DONE])
    expect(webhook.stats().unkeyed).toBe(2)
    expect(facts).toEqual([{ name: 'webhook.unkeyed', of: 'whatsapp', count: 2 }])
  })

  it('fails the delivery when it is not taken, after its siblings were handled and all of it was told', async () => {
    let told = 0
    const { post, handled, facts } = openDoor({
      onUnkeyed() {
        told += 1
        return Promise.reject(Object.assign(new Error('full'), { code: 'EFULL' }))
      },
    })
    const body = MIXED.replace('[{"id":"w0"}', '[null,{"id":"w0"}')
    expect(await answerOf(await post(body))).toEqual([500, FAILED])
    expect(await answerOf(await post(body))).toEqual([500, FAILED])
    expect(handled).toEqual(['m:w0', 'm:w1'])
    expect(told).toBe(4)
    expect(facts).toContainEqual({ name: 'webhook.failed', of: 'whatsapp', reason: 'unkeyed', code: 'EFULL' })
  })

  it('holds up no update that has a key, also when it is never taken', async () => {
    const { promise } = deferred()
    const both = deferred()
    const seen: string[] = []
    const { post, clock } = openDoor({
      onUnkeyed: () => promise,
      handle(update) {
        const key = keyOf(update)
        seen.push(key)
        if (seen.length === 2) both.resolve()
      },
    })
    const answering = post(MIXED)
    await both.promise
    await clock.tick(5_000)
    expect(await answerOf(await answering)).toEqual([503, BUSY])
    expect(seen).toEqual(['m:w0', 'm:w1'])
  }, 5_000)
})

describe('the store', () => {
  const runner = (each: () => Promise<EachResult<never>[]>): DoorRunner => ({ retentionMs: Infinity, each })
  const answering = async (each: () => Promise<EachResult<never>[]>) => {
    const door = openDoor({ dedup: runner(each) })
    const answer = await door.post(messagesFrom('2507', '2508'))
    return { ...door, retryAfter: answer.headers.get('retry-after'), answer: await answerOf(answer) }
  }

  it('that is down makes the provider come back, and nothing runs', async () => {
    const down = await answering(() => Promise.reject(new StoreUnavailable('down')))
    expect(down.answer).toEqual([503, BUSY])
    expect(down.retryAfter).toBe('5')
    expect(down.handled).toEqual([])
    const code = 'ERR_PERF_STORE_UNAVAILABLE'
    expect(down.facts).toEqual([{ name: 'webhook.failed', of: 'whatsapp', reason: 'store', code }])
  })

  it('that breaks in another way fails the delivery', async () => {
    expect((await answering(() => Promise.reject(new Error('bug')))).answer).toEqual([500, FAILED])
    const sync = () => {
      throw new TypeError('bug')
    }
    expect((await answering(sync)).answer).toEqual([500, FAILED])
  })

  it('that says another process is at work is never answered with 200', async () => {
    const done = { key: 'a', status: 'duplicate' } as const
    for (const [retryAfterMs, seconds] of [
      [0, '1'],
      [1, '1'],
      [1_001, '2'],
      [30_000, '30'],
    ] as const) {
      const busy = await answering(async () => [done, { key: 'b', status: 'in-progress', retryAfterMs }])
      expect([busy.answer, busy.retryAfter]).toEqual([[503, BUSY], seconds])
    }
  })

  it('is heard: a failure outweighs work elsewhere, and a parked update counts as known', async () => {
    const failed = { key: 'a', status: 'failed', error: new Error() } as const
    const elsewhere = { key: 'b', status: 'in-progress', retryAfterMs: 1 } as const
    expect((await answering(async () => [failed, elsewhere])).answer).toEqual([500, FAILED])
    const known = [
      { key: 'a', status: 'dead' },
      { key: 'b', status: 'duplicate' },
    ] as const
    expect((await answering(async () => [...known])).answer).toEqual([200, DUPLICATE])
    const now = { key: 'a', status: 'dead', error: undefined } as const
    expect((await answering(async () => [now, known[1]])).answer).toEqual([200, DONE])
  })
})
