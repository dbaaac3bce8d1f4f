import { describe, expect, it } from 'vitest'
import { deferred, messagesFrom, openDoor, signed, whatsAppProvider } from '../../test/support/door.ts'
import { createHost } from '../core/host.ts'
import { collect, createMetrics, prometheusText } from '../metrics/index.ts'
import type { UnkeyedChange } from './provider.ts'

/** Resolves when something has come about; signing a delivery leaves the thread. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}

/** One delivery of so many messages of as many people, whose ids begin with its name. */
function delivery(name: string, count: number): string {
  const messages = Array.from({ length: count }, (_, at) => ({ id: `${name}-${at}`, from: `2507${at}`, type: 'text' }))
  const value = { metadata: { phone_number_id: '1' }, messages }
  return JSON.stringify({ entry: [{ id: 'waba', changes: [{ field: 'messages', value }] }] })
}

describe('handlers at once', () => {
  it('are bounded for all deliveries together; the others wait their turn', async () => {
    let running = 0
    let most = 0
    const gate = deferred()
    const { post, handled, webhook } = openDoor({
      concurrency: 2,
      maxConcurrency: 3,
      answerWithinMs: 60_000,
      async handle({ key }) {
        running += 1
        most = Math.max(most, running)
        await gate.promise
        running -= 1
        handled.push(key)
      },
    })
    const answers = Promise.all(Array.from({ length: 20 }, (_, at) => post(delivery(`d${at}`, 5))))
    await until(() => webhook.stats().deliveries === 20 && running === 3)
    gate.resolve()
    expect((await answers).map(({ status }) => status)).toEqual(new Array(20).fill(200))
    expect(most).toBe(3)
    expect(handled).toHaveLength(100)
    expect(webhook.stats().shed).toBe(0)
  })
})

describe('what is in flight', () => {
  /** A door whose handlers stand still until they are let go. */
  const held = (options: object) => {
    const gate = deferred()
    const door = openDoor({ answerWithinMs: 60_000, ...options, handle: () => gate.promise })
    return { ...door, gate }
  }

  it('is bounded in updates: beyond, a delivery is shed before it is claimed, and the resend is handled', async () => {
    const { post, webhook, gate, facts, dedup } = held({ maxInFlightUpdates: 10 })
    const first = post(delivery('a', 8))
    await until(() => dedup.stats().claimed === 8)
    const second = await post(delivery('b', 3))
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
    expect(dedup.stats().claimed).toBe(8)
    const third = post(delivery('c', 2))
    await until(() => dedup.stats().claimed === 10)
    // Full: refused before it is read.
    const body = new ReadableStream({ pull: () => expect.fail('it was read') }, { highWaterMark: 0 })
    const headers = { 'x-hub-signature-256': 'sha256=0' }
    const unread = new Request('https://a.test', { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
    expect((await webhook(unread)).status).toBe(503)
    gate.resolve()
    expect([(await first).status, (await third).status, (await post(delivery('b', 3))).status]).toEqual([200, 200, 200])
    expect(webhook.stats()).toMatchObject({ shed: 2, deliveries: 3 })
    expect(facts).toContainEqual({ name: 'webhook.shed', of: 'whatsapp', count: 1 })
  })

  it('is bounded in bytes, as they are received', async () => {
    const { post, webhook, gate, dedup } = held({ maxInFlightBytes: 2_000 })
    const first = post(delivery('a', 20))
    await until(() => dedup.stats().claimed === 8)
    expect((await post(delivery('b', 30))).status).toBe(503)
    gate.resolve()
    expect((await first).status).toBe(200)
    expect((await post(delivery('b', 30))).status).toBe(200)
    expect(webhook.stats().shed).toBe(1)
  })

  it('lets a delivery in that is larger than the bounds when nothing else is there', async () => {
    const { post, gate } = held({ maxInFlightBytes: 100, maxInFlightUpdates: 1 })
    gate.resolve()
    expect((await post(delivery('a', 50))).status).toBe(200)
  })

  it('counts until the work is over, not until it is answered', async () => {
    const { post, gate, clock, host, dedup } = held({ maxInFlightUpdates: 5, answerWithinMs: 1_000 })
    const late = post(delivery('a', 5))
    await until(() => dedup.stats().claimed === 5)
    await clock.tick(1_000)
    expect((await late).status).toBe(503)
    expect((await post(delivery('b', 1))).status).toBe(503)
    gate.resolve()
    expect(await host.drain()).toBe(0)
    expect((await post(delivery('b', 1))).status).toBe(200)
  })
})

describe('a handler that never settles', () => {
  it('is given up after its time: its delivery fails, its siblings are handled, the resend runs it again', async () => {
    const told: unknown[] = []
    let runs = 0
    const { post, clock, handled, host, webhook, facts, dedup } = openDoor({
      handleTimeoutMs: 60_000,
      concurrency: 8,
      onError: (error, { kind, attempt }) => void told.push([(error as Error).message, kind, attempt]),
      handle({ key }) {
        if (!/-[0-7]$/.test(key) || (runs += 1) > 8) return void handled.push(key)
        return new Promise(() => undefined)
      },
    })
    const body = delivery('a', 100)
    const answering = post(body)
    await until(() => dedup.stats().claimed === 8)
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    await clock.tick(55_000)
    expect(await host.drain()).toBe(0)
    expect(handled).toHaveLength(92)
    expect(told).toEqual(new Array(8).fill(['the handler did not answer within 60000 ms', 'message', 1]))
    expect(facts.filter(({ name }) => name === 'webhook.update_failed')).toHaveLength(8)
    expect(facts).toContainEqual(expect.objectContaining({ name: 'webhook.update_failed', reason: 'timeout' }))
    expect(webhook.stats().failed).toBe(8)
    expect(dedup.stats()).toMatchObject({ timeouts: 8, zombies: 8 })
    expect((await post(body)).status).toBe(200)
    expect(handled).toHaveLength(100)
  })
})

describe('a change without a key', () => {
  const unkeyedBody = JSON.stringify({ entry: [{ id: 'waba', changes: [{ field: 'messages', value: {} }] }] })
  const unkeyed: UnkeyedChange[] = [
    { reason: 'no_id', value: 'a' },
    { reason: 'no_id', value: 'a' },
    { reason: 'no_id', value: 'b' },
  ]
  const provider = { ...whatsAppProvider(), split: () => ({ updates: [], unkeyed }) }

  it('goes to the handler when there is no onUnkeyed, each time anew and unclaimed', async () => {
    const seen: unknown[] = []
    const door = openDoor({
      handle: (update, { attempt, key }) => void seen.push([update.kind, update.payload, attempt, update.key === key]),
    })
    expect((await door.post(unkeyedBody)).status).toBe(200)
    expect((await door.post(unkeyedBody)).status).toBe(200)
    expect(seen).toEqual(new Array(2).fill(['unkeyed', expect.anything(), 1, true]))
    expect(door.dedup.stats().claimed).toBe(0)
    expect(door.webhook.stats().unkeyed).toBe(2)
  })

  it('fails the delivery when the handler does, and is told', async () => {
    const told: unknown[] = []
    const { post, webhook } = openDoor({
      handle: () => Promise.reject(new Error('db down')),
      onError: (error, { kind }) => void told.push([(error as Error).message, kind]),
    })
    expect((await post(unkeyedBody)).status).toBe(500)
    expect(told).toEqual([['db down', 'unkeyed']])
    expect(webhook.stats().failed).toBe(1)
  })

  it('is handed out side by side; a resend waits for the one that runs, and calls again after its time', async () => {
    const gate = deferred()
    const calls: unknown[] = []
    const { post, clock, host, webhook } = openDoor({
      provider,
      handleTimeoutMs: 30_000,
      onUnkeyed: ({ value }) => {
        calls.push(value)
        return calls.length <= 3 ? new Promise(() => undefined) : gate.promise
      },
    })
    const first = post('{}')
    await until(() => calls.length === 3)
    await clock.tick(5_000)
    expect((await first).status).toBe(503)
    expect(calls).toEqual(['a', 'a', 'b'])
    const second = post('{}')
    await until(() => webhook.stats().deliveries === 2)
    await clock.tick(5_000)
    expect((await second).status).toBe(503)
    expect(calls).toHaveLength(3)
    await clock.tick(20_000)
    expect(await host.drain()).toBe(0)
    const third = post('{}')
    await until(() => calls.length === 6)
    gate.resolve()
    expect((await third).status).toBe(200)
  })
})

describe('an error', () => {
  it('of a handler is told with its kind and attempt, and never a key', async () => {
    const told: unknown[] = []
    const { post } = openDoor({
      handle: () => {
        throw new Error('db down')
      },
      onError: (error, context) => {
        told.push([error, context])
        throw new Error('of the one who is told')
      },
    })
    const body = messagesFrom('250788000001')
    expect((await post(body, 'env')).status).toBe(500)
    expect((await post(body, 'env')).status).toBe(500)
    expect(told).toEqual([
      [new Error('db down'), { kind: 'message', attempt: 1, args: ['env'] }],
      [new Error('db down'), { kind: 'message', attempt: 2, args: ['env'] }],
    ])
  })

  it('that goes to park is not told twice, and one of park itself is', async () => {
    const told: unknown[] = []
    const door = openDoor({
      maxAttempts: 1,
      handle: () => Promise.reject(new Error('poison')),
      park: (update) => (update.key.endsWith('w1') ? Promise.reject(new Error('queue full')) : undefined),
      onError: (error) => void told.push((error as Error).message),
    })
    expect((await door.post(messagesFrom('2507', '2508'))).status).toBe(500)
    expect(told).toEqual(['queue full'])
  })

  it('is printed with its stack when nobody else is told', async () => {
    const printed: unknown[] = []
    const { error: original } = console
    console.error = (...args: unknown[]) => void printed.push(args)
    try {
      const handle = (): Promise<never> => Promise.reject(new Error('db down'))
      const { webhook } = openDoor({ handle, onError: undefined as never })
      await webhook(await signed(messagesFrom('250788000001')))
    } finally {
      console.error = original
    }
    expect(printed).toEqual([['webhook whatsapp: an update of kind message failed (attempt 1)', new Error('db down')]])
    expect(JSON.stringify(printed)).not.toContain('250788000001')
  })
})

it('a door shows as metrics, and so does what its dedup gave up', async () => {
  const metrics = createMetrics({ host: createHost() })
  const { post, webhook, dedup } = openDoor({ handle: () => Promise.reject(new Error('db down')) })
  collect(metrics, 'webhook', 'whatsapp', () => webhook.stats())
  collect(metrics, 'dedup', 'webhook', () => dedup.stats())
  await post(messagesFrom('2507', '2508'))
  const text = prometheusText(metrics)
  expect(text).toContain('webhook_failed_total{webhook="whatsapp"} 2')
  expect(text).toContain('webhook_shed_total{webhook="whatsapp"} 0')
  expect(text).toContain('dedup_timeouts_total{dedup="webhook"} 0')
})

describe('afterFailure', () => {
  const three = messagesFrom('2507', '2507', '2507')
  const failing = (options: object) => {
    const seen: string[] = []
    const door = openDoor({
      ...options,
      handle(update) {
        seen.push(update.key.slice(-2))
        if (update.key.endsWith('w0')) throw new Error('db down')
      },
    })
    return { ...door, seen }
  }

  it('continues with the conversation unless it is told to stop', async () => {
    const { post, seen } = failing({})
    expect((await post(three)).status).toBe(500)
    expect(seen).toEqual(['w0', 'w1', 'w2'])
  })

  it('stops the conversation at a failure, until that has failed as often as it may', async () => {
    const { post, seen } = failing({ afterFailure: 'stop', maxAttempts: 2 })
    expect((await post(three)).status).toBe(500)
    expect(seen).toEqual(['w0'])
    expect((await post(three)).status).toBe(500)
    expect(seen).toEqual(['w0', 'w0', 'w1', 'w2'])
  })
})
