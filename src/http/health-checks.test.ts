import { describe, expect, it } from 'vitest'
import { checkedService as setup, fails, healthRequest as get } from '../../test/support/checked-service.ts'
import type { CheckRun, HealthDocument } from './index.ts'

describe('the checks', () => {
  it('run side by side, each with its deadline and a signal that says when it is over', async () => {
    const { ask, clock } = setup({
      slow: { run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))), critical: false }, // prettier-ignore
      hung: { run: () => new Promise(() => undefined), timeoutMs: 500, critical: false },
      quick: () => new Promise<void>((resolve) => clock.after(1_900, resolve)),
    })
    let document: HealthDocument | undefined
    void ask().then((answer) => (document = answer))
    await clock.tick(1_999)
    expect(document).toBeUndefined()
    await clock.tick(1)
    expect(document?.checks).toEqual({ slow: 'timeout', hung: 'timeout', quick: 'ok' })
    expect(document?.status).toBe('degraded')
  })

  it('cost a deadline when they hang, and are asked again', async () => {
    let runs = 0
    const { ask, clock } = setup({
      hung: () => {
        runs += 1
        return runs < 3 ? new Promise(() => undefined) : true
      },
    })
    for (const [word, run] of [
      ['timeout', 1],
      ['timeout', 2],
      ['ok', 3],
    ] as const) {
      // prettier-ignore
      const answer = ask()
      await clock.tick(2_000)
      expect([(await answer).checks['hung'], runs]).toEqual([word, run])
      await clock.tick(1_000)
    }
  })

  it('may return what is no promise, and make their signal only when they look at it', async () => {
    const words = async (run: CheckRun): Promise<unknown> => (await setup({ a: run }).ask()).checks['a']
    for (const value of [undefined, null, 0, '', true, {}]) expect(await words(() => value)).toBe('ok')
    expect(await words(() => false)).toBe('failed')
    expect(await words(({ signal }) => !signal.aborted)).toBe('ok')
    const made: unknown[] = []
    const asked = get()
    const asking = (run: CheckRun) => setup({ a: run }).endpoint(asked)
    const own = globalThis.AbortController
    globalThis.AbortController = class extends own {
      constructor() {
        super()
        made.push(this)
      }
    }
    try {
      await asking(() => true)
      expect(made).toHaveLength(0)
      await asking(({ signal }) => !signal.aborted)
      expect(made).toHaveLength(1)
    } finally {
      globalThis.AbortController = own
    }
  })

  it('run once each for a thousand requests at once, failing or not', async () => {
    const runs = { good: 0, bad: 0 }
    const { endpoint } = setup({
      good: () => void (runs.good += 1),
      bad: () => {
        runs.bad += 1
        throw new Error('down')
      },
    })
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => endpoint(get())))
    expect(answers.every(({ status }) => status === 503)).toBe(true)
    expect(runs).toEqual({ good: 1, bad: 1 })
  })

  it('run once for a flood, and again after a second', async () => {
    let runs = 0
    const { ask, clock } = setup({ database: () => new Promise<void>((resolve) => void ((runs += 1), clock.after(100, resolve))) }) // prettier-ignore
    const flood = Promise.all(Array.from({ length: 50 }, ask))
    await clock.tick(100)
    expect((await flood).every(({ code }) => code === 200)).toBe(true)
    await clock.tick(999)
    await ask()
    expect(runs).toBe(1)
    await clock.tick(1)
    const again = ask()
    await clock.tick(100)
    await again
    expect(runs).toBe(2)
  })

  it('are not touched by the question whether the process is alive', async () => {
    const { endpoint } = setup({ database: fails })
    const alive = await endpoint(get('/health/live?x=1'))
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'healthy', service: 'core' }])
    expect((await endpoint(get('/health?probe=/live'))).status).toBe(503)
  })
})
