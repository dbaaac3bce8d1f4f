import { describe, expect, it } from 'vitest'
import { BUSY, deferred, DONE, messagesFrom, openDoor, URL_OF_DOOR, whatsAppProvider } from '../../test/support/door.ts'
import { sleep } from '../core/clock.ts'
import type { Rejection } from './provider.ts'

const answerOf = async (response: Response): Promise<[number, unknown]> => [response.status, await response.json()]

/** A delivery at a door whose provider takes `ms` of the clock to verify it; resolves when it has begun to. */
async function slowToVerify(ms: number, rejection?: Rejection) {
  const begun = deferred()
  const verify = async (): Promise<Rejection | undefined> => {
    begun.resolve()
    await sleep(door.clock, ms)
    return rejection
  }
  const door = openDoor({ provider: { ...whatsAppProvider(), verify } })
  const answering = door.post(messagesFrom('2507'))
  await begun.promise
  return { ...door, answering }
}

describe('a body that stops in the middle', () => {
  const half = (pull: () => Promise<void>): Request =>
    new Request(URL_OF_DOOR, {
      method: 'POST',
      headers: { 'x-hub-signature-256': 'sha256=0' },
      body: new ReadableStream({ start: (its) => its.enqueue(new Uint8Array(8)), pull }),
      duplex: 'half',
    } as RequestInit)

  it('is given up after thirty seconds', async () => {
    const { webhook, clock, facts } = openDoor()
    const asked = deferred()
    const answering = webhook(
      half(() => {
        asked.resolve()
        return new Promise(() => undefined)
      }),
    )
    let over = false
    void Promise.resolve(answering).then(() => (over = true))
    await asked.promise
    await clock.tick(29_999)
    expect(over).toBe(false)
    await clock.tick(1)
    expect((await answering).status).toBe(400)
    expect(facts).toEqual([{ name: 'webhook.rejected', of: 'whatsapp', reason: 'body_unreadable' }])
  })
})

describe('a provider that takes its time', () => {
  it('to verify is answered for in time, and its updates are handled after that', async () => {
    const door = await slowToVerify(20_000)
    await door.clock.tick(5_000)
    expect(await answerOf(await door.answering)).toEqual([503, BUSY])
    expect(door.handled).toEqual([])
    await door.clock.tick(15_000)
    expect(await door.host.drain()).toBe(0)
    expect(door.handled).toEqual(['m:w0'])
    expect(door.facts).toEqual([{ name: 'webhook.late', of: 'whatsapp', durationMs: 5_000 }])
  })

  it('to refuse a delivery is answered for in time, and what it refuses is never handled', async () => {
    const door = await slowToVerify(20_000, 'wrong_signature')
    await door.clock.tick(5_000)
    expect((await door.answering).status).toBe(503)
    await door.clock.tick(15_000)
    expect(await door.host.drain()).toBe(0)
    expect(door.handled).toEqual([])
    expect(door.webhook.stats()).toMatchObject({ rejected: 1, late: 1, deliveries: 0 })
  })

  it.each(['POST', 'GET'])('for ever, to split or to shake hands, is answered for in time: %s', async (method) => {
    const begun = deferred()
    const run = (): Promise<never> => {
      begun.resolve()
      return new Promise(() => undefined)
    }
    const door = openDoor({ provider: { ...whatsAppProvider(), split: run, handshake: run } })
    const answering = method === 'GET' ? door.webhook(new Request(URL_OF_DOOR)) : door.post(messagesFrom('2507'))
    await begun.promise
    await door.clock.tick(5_000)
    expect(await answerOf(await answering)).toEqual([503, BUSY])
  })

  it('is waited for within that time', async () => {
    const door = await slowToVerify(4_000)
    await door.clock.tick(4_000)
    expect(await answerOf(await door.answering)).toEqual([200, DONE])
  })
})
