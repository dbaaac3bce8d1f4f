import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { fails, ids, key, places } from '../../test/support/dedup-start.ts'

const TIMEOUT = { code: 'ERR_PERF_TIMEOUT' }

for (const [place, start] of places)
  describe(`a handler that never settles, ${place}`, () => {
    it('has failed after its time: its signal aborts, its slot, group and claim are given back', async () => {
      const { clock, dedup, other } = start()
      const aborted: unknown[] = []
      const updates = ids(100)
      const handle = (update: string, { signal }: { signal: AbortSignal }): Promise<void> | void => {
        if (Number(update.slice(1)) >= 8) return
        signal.addEventListener('abort', () => aborted.push(signal.reason))
        return forever()
      }
      const groupBy = (update: string): string => String(Number(update.slice(1)) % 8)
      const call = dedup.each(updates, { key, groupBy, handle, handleTimeoutMs: 10_000 })
      const results = await finished(clock, call)
      expect(results.slice(0, 8)).toMatchObject(Array(8).fill({ status: 'failed', error: TIMEOUT }))
      expect(results.slice(8).every(({ status }) => status === 'done')).toBe(true)
      expect(aborted).toMatchObject(Array(8).fill(TIMEOUT))
      expect(dedup.stats()).toMatchObject({ timeouts: 8, zombies: 8, released: 8 })
      const again = await finished(clock, other.each(updates, { key, handle: (_, { attempt }) => attempt, waitMs: 0 }))
      expect(again.slice(0, 9)).toMatchObject([...Array(8).fill({ status: 'done', value: 2 }), { status: 'duplicate' }])
    })

    it('has five minutes unless it is told otherwise, counted from its begin', async () => {
      const { clock, dedup } = start()
      const { opened, open } = gate()
      const handle = (update: string): Promise<void> => (update === 'm0' ? opened : forever())
      const call = dedup.each(ids(2), { key, groupBy: () => 'one', handle })
      let ended = false
      void call.then(() => (ended = true))
      await clock.tick(4 * 60_000)
      open()
      await clock.tick(299_000)
      expect(ended).toBe(false)
      await clock.tick(2_000)
      expect(ended).toBe(true)
      expect(await call).toMatchObject([{ status: 'done' }, { status: 'failed', error: TIMEOUT }])
    })

    it('may run for ever with Infinity', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const call = dedup.once('m', () => opened, { handleTimeoutMs: Infinity })
      await clock.tick(3_600_000)
      expect(await finished(clock, other.once('m', fails('ran'), { waitMs: 0 }))).toMatchObject({
        status: 'in-progress',
      })
      open()
      expect(await finished(clock, call)).toMatchObject({ status: 'done' })
      expect(dedup.stats()).toMatchObject({ timeouts: 0, zombies: 0, leasesLost: 0 })
    })

    it('succeeds late after all: one done is written, and told nobody twice', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      await expect(
        finished(
          clock,
          dedup.once('m', () => opened, { handleTimeoutMs: 1_000 }),
        ),
      ).rejects.toMatchObject(TIMEOUT)
      open()
      await clock.tick(100)
      expect(dedup.stats()).toMatchObject({ zombies: 0, timeouts: 1, completed: 0 })
      for (const each of [dedup, other])
        expect(await finished(clock, each.once('m', fails('twice')))).toEqual({ status: 'duplicate' })
    })

    it('fails late: nothing is written, and no second run is counted', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const late = (): Promise<never> => opened.then(fails('late'))
      await expect(finished(clock, dedup.once('m', late, { handleTimeoutMs: 1_000 }))).rejects.toMatchObject(TIMEOUT)
      open()
      await clock.tick(100)
      expect(dedup.stats()).toMatchObject({ zombies: 0, released: 1 })
      expect(
        await finished(
          clock,
          other.once('m', ({ attempt }) => attempt),
        ),
      ).toEqual({ status: 'done', value: 2 })
    })

    it('does not take a second run down by its late success', async () => {
      const { clock, dedup, other } = start()
      const [first, second] = [gate(), gate()]
      await expect(
        finished(
          clock,
          dedup.once('m', () => first.opened, { handleTimeoutMs: 1_000 }),
        ),
      ).rejects.toMatchObject(TIMEOUT)
      let signal: AbortSignal | undefined
      const resend = other.once('m', (attempt) => {
        signal = attempt.signal
        return second.opened
      })
      await clock.tick(10)
      first.open()
      await clock.tick(100)
      second.open()
      expect(await finished(clock, resend)).toEqual({ status: 'done', value: undefined })
      expect(signal?.aborted).toBe(false)
      expect(other.stats().leasesLost).toBe(0)
    })

    it('is parked at its last attempt, and its late success does not undo that', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const parked: unknown[] = []
      const park = (_: string, error: unknown): void => void parked.push(error)
      const options = { park, maxAttempts: 1, handleTimeoutMs: 1_000 }
      expect(
        await finished(
          clock,
          dedup.once('m', () => opened, options),
        ),
      ).toEqual({ status: 'dead' })
      open()
      await clock.tick(100)
      expect(parked).toMatchObject([TIMEOUT])
      expect(await finished(clock, other.once('m', fails('ran')))).toEqual({ status: 'dead' })
    })

    it('is bounded in park, too: what that does late is beside the point', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const options = { park: () => opened, maxAttempts: 1, handleTimeoutMs: 1_000 }
      await expect(finished(clock, dedup.once('m', fails(), options))).rejects.toMatchObject(TIMEOUT)
      open()
      await clock.tick(100)
      expect(dedup.stats().dead).toBe(0)
      expect(
        await finished(
          clock,
          other.once('m', ({ attempt }) => attempt),
        ),
      ).toEqual({ status: 'done', value: 2 })
    })

    it('leaves nothing to wait for when it is in time', async () => {
      const { clock, dedup } = start()
      const work = (): Promise<void> => new Promise((resolve) => void clock.after(500, resolve))
      for (let at = 0; at < 5; at += 1)
        expect(await finished(clock, dedup.once(`m${at}`, work, { handleTimeoutMs: 1_000 }))).toMatchObject({
          status: 'done',
        })
      await clock.tick(10_000)
      expect(dedup.stats()).toMatchObject({ timeouts: 0, zombies: 0, completed: 5 })
    })
  })

describe('a late success, in a store', () => {
  it('is told when the store could not be told at first', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    const { opened, open } = gate()
    await expect(
      finished(
        clock,
        first.dedup.once('m', () => opened, { handleTimeoutMs: 1_000 }),
      ),
    ).rejects.toMatchObject(TIMEOUT)
    first.weather((method) => (method === 'completeMany' ? 'refused' : 'well'))
    open()
    await clock.tick(100)
    expect(await finished(clock, first.dedup.once('m', fails('twice')))).toEqual({ status: 'duplicate' })
    first.weather(() => 'well')
    await clock.tick(3_000)
    expect(await finished(clock, second.dedup.once('m', fails('twice')))).toEqual({ status: 'duplicate' })
  })

  it('keeps what waits in its group: leases are renewed while the batch lives', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    const handle = (update: string): Promise<void> | void => (update === 'm0' ? forever() : undefined)
    const call = first.dedup.each(ids(50), { key, groupBy: () => 'one', handle, handleTimeoutMs: 20_000 })
    await clock.tick(15_000)
    const others = await finished(clock, second.dedup.each(ids(50), { key, handle: fails('ran'), waitMs: 0 }))
    expect(others.every(({ status }) => status === 'in-progress')).toBe(true)
    const results = await finished(clock, call)
    expect(results.filter(({ status }) => status === 'done')).toHaveLength(49)
  })
})
