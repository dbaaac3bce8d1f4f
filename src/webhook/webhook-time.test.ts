import { describe, expect, it, vi } from 'vitest'
import { BUSY, deferred, DONE, DUPLICATE, keyOf, messagesFrom, openDoor } from '../../test/support/door.ts'
import { SOON } from '../../test/support/soon.ts'
import { sleep } from '../core/clock.ts'
import { StoreSetupError } from '../core/errors.ts'

const BODY = messagesFrom('2507')
const answerOf = async (response: Response): Promise<[number, unknown]> => [response.status, await response.json()]

/** A door whose handler takes `ms` of its clock, and says when it has begun. */
function slowDoor(ms: number, answerWithinMs?: number) {
  const begun = deferred()
  const ended: string[] = []
  const door = openDoor({
    ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
    async handle(update) {
      const key = keyOf(update)
      begun.resolve()
      await sleep(door.clock, ms)
      ended.push(key)
    },
  })
  return { ...door, begun: begun.promise, ended }
}

describe('a handler of ten seconds', () => {
  it('is answered with 503 when the provider will not wait any longer, and ends under waitUntil', async () => {
    const { post, clock, begun, ended, facts, webhook } = slowDoor(10_000)
    const background: Promise<unknown>[] = []
    const ctx = { waitUntil: (promise: Promise<unknown>) => void background.push(promise) }
    const answering = post(BODY, {}, ctx)
    await begun
    await clock.tick(4_999)
    expect(background).toEqual([])
    await clock.tick(1)
    const answer = await answering
    expect(await answerOf(answer)).toEqual([503, BUSY])
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(ended).toEqual([])
    expect(background).toHaveLength(1)
    expect(facts).toEqual([{ name: 'webhook.late', of: 'whatsapp', durationMs: 5_000 }])
    expect(webhook.stats().late).toBe(1)

    await clock.tick(5_000)
    await Promise.all(background)
    expect(ended).toEqual(['m:w0'])
    expect(await answerOf(await post(BODY))).toEqual([200, DUPLICATE])
    expect(ended).toEqual(['m:w0'])
  })

  it('is waited for by drain where there is no waitUntil', async () => {
    const { post, clock, begun, ended, host } = slowDoor(10_000)
    const answering = post(BODY)
    await begun
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    const draining = host.drain({ timeoutMs: 60_000 })
    await clock.tick(5_000)
    expect(await draining).toBe(0)
    expect(ended).toEqual(['m:w0'])
  })

  it('is not run a second time by resends that come while it works: they are told to come again', async () => {
    const { post, clock, begun, ended, dedup } = slowDoor(20_000)
    const first = post(BODY)
    await begun
    await clock.tick(5_000)
    expect((await first).status).toBe(503)
    for (const checked of [2, 3]) {
      const resend = post(BODY)
      await vi.waitFor(() => expect(dedup.stats().checked).toBe(checked), SOON)
      await clock.tick(5_000)
      expect(await answerOf(await resend)).toEqual([503, BUSY])
      expect(ended).toEqual([])
    }
    await clock.tick(5_000)
    expect(ended).toEqual(['m:w0'])
    expect(await answerOf(await post(BODY))).toEqual([200, DUPLICATE])
  })

  it('lets a resend that comes while it works say that it is done, once it is', async () => {
    const { post, clock, begun, ended, dedup } = slowDoor(7_000)
    const first = post(BODY)
    await begun
    await clock.tick(5_000)
    expect((await first).status).toBe(503)
    const resend = post(BODY)
    await vi.waitFor(() => expect(dedup.stats().checked).toBe(2), SOON)
    await clock.tick(4_000)
    expect(await answerOf(await resend)).toEqual([200, DUPLICATE])
    expect(ended).toEqual(['m:w0'])
  })

  it('is waited for when told so, and leaves no timer behind', async () => {
    const { post, clock, begun, facts } = slowDoor(10_000, 20_000)
    const answering = post(BODY)
    await begun
    await clock.tick(10_000)
    expect(await answerOf(await answering)).toEqual([200, DONE])
    await clock.tick(60_000)
    expect(facts).toEqual([])
  })

  it('is run again when it failed after the answer', async () => {
    const begun = deferred()
    let tries = 0
    const { post, clock, host } = openDoor({
      async handle() {
        tries += 1
        begun.resolve()
        if (tries > 1) return
        await sleep(clock, 10_000)
        throw new Error('db down')
      },
    })
    const answering = post(BODY)
    await begun.promise
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    await clock.tick(5_000)
    expect(await host.drain()).toBe(0)
    expect(await answerOf(await post(BODY))).toEqual([200, DONE])
    expect(tries).toBe(2)
  })

  it('keeps its siblings of other groups from nothing', async () => {
    const begun = deferred()
    const ended: string[] = []
    const { post, clock } = openDoor({
      async handle(update) {
        const key = keyOf(update)
        if (key === 'm:w0') {
          begun.resolve()
          await sleep(clock, 10_000)
        }
        ended.push(key)
      },
    })
    const body = messagesFrom('2507', '2508', '2507')
    const answering = post(body)
    await begun.promise
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    expect(ended).toEqual(['m:w1'])
    await clock.tick(5_000)
    expect(ended).toEqual(['m:w1', 'm:w0', 'm:w2'])
    expect(await answerOf(await post(body))).toEqual([200, DUPLICATE])
  })
})

describe('a store that turns out not to be set up after the answer', () => {
  it('becomes a fact, and no unhandled rejection', async () => {
    const begun = deferred()
    const { post, clock, host, facts } = openDoor({
      dedup: {
        retentionMs: Infinity,
        async each() {
          begun.resolve()
          await sleep(clock, 10_000)
          throw new StoreSetupError('no table')
        },
      },
    })
    const answering = post(BODY)
    await begun.promise
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    await clock.tick(5_000)
    expect(await host.drain()).toBe(0)
    expect(facts).toContainEqual({ name: 'host.background_failed', code: 'ERR_PERF_STORE_SETUP' })
  })
})

describe('what a handler leaves running', () => {
  it('is kept alive by the waitUntil among the arguments, called on its own object', async () => {
    class Context {
      readonly #kept: Promise<unknown>[] = []
      waitUntil(promise: Promise<unknown>): void {
        this.#kept.push(promise)
      }
      settled = (): Promise<unknown[]> => Promise.all(this.#kept)
    }
    const ctx = new Context()
    const { post, facts } = openDoor({
      handle(_, { waitUntil }) {
        waitUntil(Promise.resolve('kept'))
        waitUntil(Promise.reject(Object.assign(new Error('never shown'), { code: 'ELATE' })))
      },
    })
    expect(await answerOf(await post(BODY, { env: true }, ctx))).toEqual([200, DONE])
    expect(await ctx.settled()).toEqual(['kept', undefined])
    expect(facts).toEqual([{ name: 'host.background_failed', code: 'ELATE' }])
  })

  it('is waited for by drain where there is no waitUntil, also what onUnkeyed leaves', async () => {
    const gate = deferred()
    const { post, host } = openDoor({
      handle: (_, { waitUntil }) => waitUntil(gate.promise),
      onUnkeyed: (_, { waitUntil }) => waitUntil(gate.promise),
    })
    expect((await post(BODY)).status).toBe(200)
    expect((await post('{"entry":[null]}')).status).toBe(200)
    const draining = host.drain()
    let drained = false
    void draining.then(() => (drained = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(drained).toBe(false)
    gate.resolve()
    expect(await draining).toBe(0)
  })
})

describe('the signal of a handler', () => {
  it('is not aborted by a late answer: the work goes on', async () => {
    const begun = deferred()
    const signals: AbortSignal[] = []
    const { post, clock, dedup } = openDoor({
      async handle(_, { signal }) {
        signals.push(signal)
        begun.resolve()
        await sleep(clock, 10_000)
        signal.throwIfAborted()
      },
    })
    const answering = post(BODY)
    await begun.promise
    await clock.tick(5_000)
    expect((await answering).status).toBe(503)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    await clock.tick(5_000)
    expect(dedup.stats()).toMatchObject({ completed: 1, leasesLost: 0 })
  })
})
