import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/index.ts'
import { createSemaphore, type Permit, type Semaphore } from './semaphore.ts'

const LONGEST_MS = 60_000

function start(size: number) {
  const clock = manualClock()
  return { clock, semaphore: createSemaphore(size, { clock, longestMs: LONGEST_MS }) }
}

const taken = (semaphore: Semaphore): Permit => {
  const permit = semaphore.take()
  if (permit === undefined) throw new Error('there is no room')
  return permit
}

afterEach(() => void vi.unstubAllGlobals())

describe('a semaphore', () => {
  it('lets so many in, and no more until one is given back', () => {
    const { semaphore } = start(2)
    const [one, two] = [taken(semaphore), taken(semaphore)]
    expect(semaphore.take()).toBeUndefined()
    semaphore.give(one)
    taken(semaphore)
    expect(semaphore.take()).toBeUndefined()
    semaphore.give(two)
    semaphore.give(one)
    expect([semaphore.take(), semaphore.take(), semaphore.take()].filter(Boolean)).toHaveLength(2)
  })

  it('hands a permit to the one who waited longest, past those who come now', async () => {
    const { clock, semaphore } = start(1)
    const first = taken(semaphore)
    const order: number[] = []
    for (const at of [1, 2, 3]) void semaphore.wait().then(() => order.push(at))
    semaphore.give(first)
    expect(semaphore.take()).toBeUndefined()
    await clock.tick(0)
    expect(order).toEqual([1])
    semaphore.give(first)
    await clock.tick(0)
    expect(order).toEqual([1, 2])
  })

  it('lets thousands wait, each once, in their order', async () => {
    const { clock, semaphore } = start(1)
    const first = taken(semaphore)
    const order: number[] = []
    for (let at = 0; at < 5_000; at += 1)
      void semaphore.wait().then((permit) => {
        order.push(at)
        semaphore.give(permit)
      })
    semaphore.give(first)
    for (let turn = 0; turn < 200; turn += 1) await clock.tick(0)
    expect(order).toEqual(Array.from({ length: 5_000 }, (_, at) => at))
    taken(semaphore)
    expect(semaphore.take()).toBeUndefined()
  })

  it.each(['Node.js/22', 'Cloudflare-Workers'])('never lets more in than it may, on %s', async (userAgent) => {
    vi.stubGlobal('navigator', { userAgent })
    const works = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), works, async (size, takesMs) => {
        const { clock, semaphore } = start(size)
        let inside = 0
        let most = 0
        let ended = 0
        for (const ms of takesMs)
          void (async () => {
            const permit = semaphore.take() ?? (await semaphore.wait())
            most = Math.max(most, (inside += 1))
            await new Promise<void>((resolve) => void clock.after(ms, resolve))
            inside -= 1
            ended += 1
            semaphore.give(permit)
          })()
        await clock.tick(10_000)
        expect(ended).toBe(takesMs.length)
        expect(most).toBe(Math.min(size, takesMs.length))
      }),
      { numRuns: 30 },
    )
  })
})

describe('a semaphore on Workers', () => {
  it('takes a permit back from a request that ended with it, after the longest time', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { clock, semaphore } = start(1)
    const lost = taken(semaphore)
    let got: Permit | undefined
    void semaphore.wait().then((permit) => (got = permit))
    await clock.tick(LONGEST_MS - 100)
    expect(got).toBeUndefined()
    await clock.tick(200)
    expect(got).toBeDefined()
    // It comes back after all: that lets nobody else in.
    semaphore.give(lost)
    expect(semaphore.take()).toBeUndefined()
  })

  it('needs nobody to wake those who wait: each looks for itself', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { clock, semaphore } = start(1)
    const first = taken(semaphore)
    const woken: number[] = []
    for (const at of [1, 2]) void semaphore.wait().then(() => woken.push(at))
    semaphore.give(first)
    expect(woken).toEqual([])
    await clock.tick(100)
    expect(woken).toHaveLength(1)
  })
})
