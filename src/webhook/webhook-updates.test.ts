import { describe, expect, it } from 'vitest'
import { deferred, DONE, DUPLICATE, FAILED, keyOf, messagesFrom, openDoor } from '../../test/support/door.ts'
import { createDedup } from '../dedup/index.ts'
import { whatsappDelivery } from '../testing/whatsapp-delivery.ts'

const answerOf = async (response: Response): Promise<[number, unknown]> => [response.status, await response.json()]
const senders = (count: number): string[] => Array.from({ length: count }, (_, at) => `2507${at}`)

describe('a delivery', () => {
  it('is handled once; its resend is a duplicate', async () => {
    const { post, handled, webhook } = openDoor()
    const body = messagesFrom('2507', '2508')
    expect(await answerOf(await post(body))).toEqual([200, DONE])
    expect(await answerOf(await post(body))).toEqual([200, DUPLICATE])
    expect(handled).toEqual(['m:w0', 'm:w1'])
    expect(webhook.stats()).toEqual({ deliveries: 2, updates: 4, unkeyed: 0, failed: 0, rejected: 0, shed: 0, late: 0 })
  })

  it('of old and new updates is no duplicate, and only the new ones are handled', async () => {
    const { post, handled } = openDoor()
    await post(messagesFrom('2507'))
    expect(await answerOf(await post(messagesFrom('2507', '2507')))).toEqual([200, DONE])
    expect(handled).toEqual(['m:w0', 'm:w1'])
  })

  it('that holds an update twice has it handled once', async () => {
    const { post, handled } = openDoor()
    const { body } = whatsappDelivery({ messages: ['a', 'b'].map((text) => ({ id: 'same', text })) })
    expect(await answerOf(await post(body))).toEqual([200, DONE])
    expect(handled).toEqual(['m:same'])
  })

  it('of statuses only has each of them handled, though they share one id', async () => {
    const { post, handled } = openDoor()
    const statuses = ['sent', 'delivered', 'read'].map((status) => ({ id: 'w', status }))
    const { body } = whatsappDelivery({ statuses })
    expect(await answerOf(await post(body))).toEqual([200, DONE])
    expect(await answerOf(await post(body))).toEqual([200, DUPLICATE])
    expect(handled).toEqual(['s:w:sent', 's:w:delivered', 's:w:read'])
  })

  it('of a thousand updates has all of them handled, and a resend runs exactly the one that failed', async () => {
    const seen: string[] = []
    let broken = true
    const { post, webhook } = openDoor({
      handle(update) {
        const key = keyOf(update)
        seen.push(key)
        if (key === 'm:w617' && broken) throw new Error('db down')
      },
    })
    const body = messagesFrom(...senders(1_000))
    expect(await answerOf(await post(body))).toEqual([500, FAILED])
    expect(new Set(seen).size).toBe(1_000)
    expect(seen).toHaveLength(1_000)
    broken = false
    expect(await answerOf(await post(body))).toEqual([200, DONE])
    expect(seen.slice(1_000)).toEqual(['m:w617'])
    expect(await answerOf(await post(body))).toEqual([200, DUPLICATE])
    expect(webhook.stats().updates).toBe(3_000)
  })

  it('at the same time as another one with the same updates: each runs once, and both are answered as done', async () => {
    const seen: string[] = []
    // The system's clock: the wait for the other delivery's updates is a real one.
    const door = openDoor({
      dedup: createDedup(),
      async handle(update) {
        const key = keyOf(update)
        seen.push(key)
        await new Promise((resolve) => setImmediate(resolve))
      },
    })
    const delivery = (...ids: string[]): string =>
      whatsappDelivery({ messages: ids.map((id, at) => ({ id, text: id, from: `${at}` })) }).body
    const bodies = [delivery('a', 'b', 'c'), delivery('b', 'c', 'd'), delivery('c', 'a'), delivery('d', 'e')]
    const answers = await Promise.all(bodies.map((body) => door.post(body)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(seen.sort()).toEqual(['m:a', 'm:b', 'm:c', 'm:d', 'm:e'])
  })
})

describe('an update that fails', () => {
  it('neither stops nor re-runs its siblings, whether it throws at once or later', async () => {
    for (const later of [false, true]) {
      const seen: string[] = []
      const { post } = openDoor({
        handle(update) {
          const key = keyOf(update)
          seen.push(key)
          if (key !== 'm:w1') return undefined
          if (later) return Promise.reject(new Error('db down'))
          throw new Error('db down')
        },
      })
      const body = messagesFrom('2507', '2507', '2507', '2508')
      for (let time = 1; time <= 3; time += 1) expect(await answerOf(await post(body))).toEqual([500, FAILED])
      expect(seen.sort()).toEqual(['m:w0', 'm:w1', 'm:w1', 'm:w1', 'm:w2', 'm:w3'])
    }
  })

  it('may throw anything', async () => {
    const anything: readonly unknown[] = [undefined, null, 'text', 0, { code: 7 }, new Proxy({}, {})]
    for (const thrown of anything) {
      const { post } = openDoor({ handle: () => Promise.reject(thrown) })
      expect(await answerOf(await post(messagesFrom('2507')))).toEqual([500, FAILED])
    }
  })
})

describe('the order', () => {
  it('is kept in a group, while groups run side by side', async () => {
    const log: string[] = []
    const gate = deferred()
    const { post } = openDoor({
      async handle(update) {
        const name = `${update.group.split(':')[1]} ${keyOf(update)}`
        log.push(`${name} begins`)
        // The first of this sender ends when the other sender's last has begun: it would never, were they in one row.
        if (keyOf(update) === 'm:w0') await gate.promise
        if (keyOf(update) === 'm:w3') gate.resolve()
        log.push(`${name} ends`)
      },
    })
    expect((await post(messagesFrom('1', '1', '2', '2', '1'))).status).toBe(200)
    const of = (sender: string): string[] => log.filter((line) => line.startsWith(sender))
    expect(of('1')).toEqual(['w0', 'w1', 'w4'].flatMap((id) => [`1 m:${id} begins`, `1 m:${id} ends`]))
    expect(of('2')).toEqual(['w2', 'w3'].flatMap((id) => [`2 m:${id} begins`, `2 m:${id} ends`]))
  }, 5_000)

  it('lets as many updates run at the same time as told, eight unless told otherwise', async () => {
    for (const concurrency of [1, 3, undefined]) {
      let running = 0
      let most = 0
      const { post } = openDoor({
        ...(concurrency === undefined ? {} : { concurrency }),
        async handle() {
          running += 1
          most = Math.max(most, running)
          await new Promise((resolve) => setImmediate(resolve))
          running -= 1
        },
      })
      expect((await post(messagesFrom(...senders(20)))).status).toBe(200)
      expect(most).toBe(concurrency ?? 8)
    }
  })
})
