import { describe, expect, it } from 'vitest'
import { finished, gate } from '../support/dedup-probe.ts'
import { busyFor, deduplicated, DUPLICATE, seen } from '../support/deduplicated.ts'

const HANDLED = [200, 'handled']
const body = (...ids: readonly string[]): string => JSON.stringify({ ids })

describe('a delivery', () => {
  it('is handled once; every later one of its keys is a duplicate', async () => {
    const { post, handled, handler } = deduplicated()
    expect(await seen(post('a', 'b'))).toEqual(HANDLED)
    expect(await seen(post('a', 'b'))).toEqual(DUPLICATE)
    expect(await seen(post('b'))).toEqual(DUPLICATE)
    expect(await seen(post('b', 'a', 'b'))).toEqual(DUPLICATE)
    expect(handled).toEqual([body('a', 'b')])
    expect(handler.stats()).toMatchObject({ deliveries: 4, duplicates: 3, busy: 0, failed: 0 })
  })

  it('says in JSON that it is a duplicate', async () => {
    const { post } = deduplicated()
    await post('a')
    expect((await post('a')).headers.get('content-type')).toBe('application/json')
  })

  it.each([302, 401, 404, 429, 500, 503, 599])(
    'answered with %i gives its claims back, and the answer goes on unchanged',
    async (status) => {
      const { post, answers, handled, handler, other } = deduplicated()
      const failure = new Response('no', { status, headers: { 'retry-after': '7' } })
      answers(() => failure)
      expect(await post('a', 'b')).toBe(failure)
      expect(await other.once('door:b', ({ attempt }) => attempt)).toEqual({ status: 'done', value: 2 })
      answers(() => new Response('handled'))
      expect(await seen(post('a', 'b'))).toEqual(HANDLED)
      expect(handled).toHaveLength(2)
      expect(handler.stats()).toMatchObject({ deliveries: 2, failed: 1 })
    },
  )

  it('whose handler throws gives its claims back, and the error goes on unchanged', async () => {
    const { post, answers, handled, handler } = deduplicated()
    const error = new Error('db down')
    answers(() => {
      throw error
    })
    await expect(post('a', 'b')).rejects.toBe(error)
    answers(() => new Response('handled'))
    expect(await seen(post('a', 'b'))).toEqual(HANDLED)
    expect(handled).toHaveLength(2)
    expect(handler.stats().failed).toBe(1)
  })

  it.each([200, 202, 204, 299])('answered with %i is done: its sender will not come again', async (status) => {
    const { post, answers } = deduplicated()
    answers(() => new Response(null, { status }))
    expect((await post('a')).status).toBe(status)
    expect(await seen(post('a'))).toEqual(DUPLICATE)
  })

  it('is done when the service says so, whatever it answers', async () => {
    const { post, answers } = deduplicated({ isDone: ({ status }) => status === 404 })
    answers(() => new Response(null, { status: 404 }))
    expect((await post('a')).status).toBe(404)
    expect(await seen(post('a'))).toEqual(DUPLICATE)
    answers(() => new Response('handled'))
    expect(await seen(post('b'))).toEqual(HANDLED)
    expect(await seen(post('b'))).toEqual(HANDLED)
  })

  it('of new updates beside done ones is handled whole, once', async () => {
    const { post, handled } = deduplicated()
    await post('a')
    expect(await seen(post('a', 'b'))).toEqual(HANDLED)
    expect(await seen(post('a', 'b'))).toEqual(DUPLICATE)
    expect(handled).toEqual([body('a'), body('a', 'b')])
  })

  it('of a thousand updates is one run, one claim and one completion', async () => {
    const { post, handled, count } = deduplicated()
    const ids = Array.from({ length: 1_000 }, (_, at) => `m${at}`)
    expect(await seen(post(...ids))).toEqual(HANDLED)
    expect(await seen(post(...ids))).toEqual(DUPLICATE)
    expect(handled).toHaveLength(1)
    expect([count('claimMany'), count('completeMany'), count('releaseMany')]).toEqual([1, 1, 0])
  })

  it('with what was parked elsewhere counts as done', async () => {
    const { post, other, handled } = deduplicated()
    const fail = (): never => {
      throw new Error('poison')
    }
    await other.once('door:a', fail, { maxAttempts: 1, park: () => undefined })
    expect(await seen(post('a'))).toEqual(DUPLICATE)
    expect(handled).toEqual([])
  })
})

describe('a delivery that somebody else works on', () => {
  it('is answered 503 when nobody waits, and is a duplicate afterwards', async () => {
    const { post, answers, handled, handler } = deduplicated({ waitMs: 0 })
    const { opened, open } = gate()
    answers(() => opened.then(() => new Response('handled')))
    const first = post('a', 'b')
    expect(await seen(post('a', 'b'))).toEqual(busyFor(30))
    open()
    expect(await seen(first)).toEqual(HANDLED)
    expect(await seen(post('a', 'b'))).toEqual(DUPLICATE)
    expect(handled).toHaveLength(1)
    expect(handler.stats()).toMatchObject({ deliveries: 3, duplicates: 1, busy: 1 })
  })

  it('waits for its end, and is a duplicate then', async () => {
    const { post, answers, clock, handled } = deduplicated()
    const { opened, open } = gate()
    answers(() => opened.then(() => new Response('handled')))
    const both = Promise.all([seen(post('a', 'b')), seen(post('a', 'b'))])
    await clock.tick(1_000)
    open()
    expect(await finished(clock, both)).toEqual([HANDLED, DUPLICATE])
    expect(handled).toHaveLength(1)
  })

  it('is handled when the other one fails while it waits', async () => {
    const { post, answers, clock, handled } = deduplicated()
    const { opened, open } = gate()
    answers(() => opened.then(() => new Response('no', { status: handled.length === 1 ? 500 : 201 })))
    const both = Promise.all([seen(post('a')), seen(post('a'))])
    await clock.tick(100)
    open()
    expect(await finished(clock, both)).toEqual([
      [500, 'no'],
      [201, 'no'],
    ])
    expect(handled).toHaveLength(2)
  })

  it('in part is not handled, and what it won is given back', async () => {
    const { post, other, clock, handled } = deduplicated()
    const { opened, open } = gate()
    const held = other.once('door:b', () => opened)
    // It waited five seconds of the thirty.
    expect(await finished(clock, seen(post('a', 'b', 'c')))).toEqual(busyFor(25))
    expect(handled).toEqual([])
    expect(await other.once('door:a', () => 'free')).toMatchObject({ status: 'done' })
    open()
    await held
    expect(await seen(post('a', 'b', 'c'))).toEqual(HANDLED)
  })

  it('in part never waits with claims in its hands for one that waits for those', async () => {
    const { post, clock, handled, answers } = deduplicated()
    const running = new Set<string>()
    answers(async () => {
      const { ids } = JSON.parse(handled.at(-1) ?? '') as { ids: string[] }
      for (const id of ids) {
        expect(running.has(id)).toBe(false)
        running.add(id)
      }
      await new Promise<void>((resolve) => void clock.after(50, resolve))
      ids.forEach((id) => running.delete(id))
      return new Response('handled')
    })
    for (let round = 0; round < 5; round += 1) {
      const ids = (at: number): string[] => [at, (at + 1) % 4].map((id) => `r${round} ${id}`)
      const answered = await finished(clock, Promise.all([0, 1, 2, 3].map((at) => seen(post(...ids(at))))))
      expect(answered.some(([status]) => status === 200)).toBe(true)
      // The sender comes again, one by one.
      for (let at = 0; at < 4; at += 1) expect((await finished(clock, post(...ids(at)))).status).toBe(200)
    }
    expect(new Set(handled.flatMap((text) => (JSON.parse(text) as { ids: string[] }).ids)).size).toBe(20)
  })

  it('is claimed when it becomes free between the two looks', async () => {
    const { post, other, clock, instead, count, handled } = deduplicated()
    const { opened, open } = gate()
    const held = other.once('door:b', () => opened.then(() => Promise.reject(new Error('failed'))))
    let asked = 0
    instead('claimMany', async (real) => {
      // The second look finds it given back.
      if ((asked += 1) === 2) {
        open()
        await held.catch(() => undefined)
      }
      return real()
    })
    const before = count('claimMany')
    expect(await finished(clock, seen(post('a', 'b')))).toEqual(HANDLED)
    expect(handled).toEqual([body('a', 'b')])
    expect(count('claimMany') - before).toBeGreaterThanOrEqual(2)
    expect(await seen(post('b', 'a'))).toEqual(DUPLICATE)
  })
})
