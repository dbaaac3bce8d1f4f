import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, forever } from '../../test/support/dedup-probe.ts'
import { fails, places } from '../../test/support/dedup-start.ts'

for (const [place, start] of places)
  describe(`revive, ${place}`, () => {
    it('has what is dead handled anew, with its counts back to nothing', async () => {
      const { clock, dedup, other } = start()
      const park = (): void => undefined
      const dead = async () => finished(clock, dedup.once('m', fails(), { park, maxAttempts: 1 }))
      expect(await dead()).toEqual({ status: 'dead' })
      expect(await dead()).toEqual({ status: 'dead' })
      expect(await finished(clock, dedup.revive(['m', 'other']))).toEqual([true, false])
      const attempts: number[] = []
      await finished(
        clock,
        other.once('m', ({ attempt }) => void attempts.push(attempt)),
      )
      expect(attempts).toEqual([1])
    })

    it('changes nothing for what is done, held, failed or unknown', async () => {
      const { clock, dedup } = start()
      await finished(
        clock,
        dedup.once('done', () => 1),
      )
      await finished(
        clock,
        dedup.once('failed', fails()).catch(() => 1),
      )
      void dedup.once('held', forever, { handleTimeoutMs: Infinity })
      await clock.tick(10)
      expect(await finished(clock, dedup.revive(['done', 'failed', 'held', 'new']))).toEqual([
        false,
        false,
        false,
        false,
      ])
      expect(await finished(clock, dedup.once('done', fails()))).toEqual({ status: 'duplicate' })
      expect(
        await finished(
          clock,
          dedup.once('failed', ({ attempt }) => attempt),
        ),
      ).toMatchObject({ value: 2 })
      expect(await finished(clock, dedup.once('held', fails(), { waitMs: 0 }))).toMatchObject({ status: 'in-progress' })
    })

    it('refuses what is no list of keys', async () => {
      const { dedup } = start()
      await expect(dedup.revive('m' as never)).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
      await expect(dedup.revive([''])).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
      expect(await dedup.revive([])).toEqual([])
    })
  })

describe('revive of what the store was not told of', () => {
  const park = (): void => undefined

  it('takes it out of what waits to be told, and its counts with it', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member({ leaseMs: 60_000 }), member()]
    for (let failed = 0; failed < 2; failed += 1)
      await finished(
        clock,
        first.dedup.once('m', fails(), { park, maxAttempts: 3 }).catch(() => 1),
      )
    first.weather((method) => (method === 'completeMany' ? 'refused' : 'well'))
    expect(await finished(clock, first.dedup.once('m', fails(), { park, maxAttempts: 3 }))).toEqual({ status: 'dead' })
    first.weather(() => 'well')
    expect(await finished(clock, first.dedup.revive(['m']))).toEqual([true])
    await clock.tick(5_000)
    const again = second.dedup.once('m', ({ attempt }) => attempt, { park, maxAttempts: 3, waitMs: 0 })
    expect(await finished(clock, again)).toEqual({ status: 'done', value: 1 })
  })

  it("takes it out where it was parked without a store, with onStoreError: 'process'", async () => {
    const { clock, member } = startCrew()
    const first = member({ onStoreError: 'process' })
    first.weather(() => 'refused')
    expect(await finished(clock, first.dedup.once('m', fails(), { park, maxAttempts: 1 }))).toEqual({ status: 'dead' })
    first.weather(() => 'well')
    await clock.tick(200)
    const revived = async () => finished(clock, first.dedup.revive(['m']))
    let answer: readonly boolean[] | undefined
    for (let tries = 0; tries < 20 && answer === undefined; tries += 1) {
      answer = await revived().catch(() => undefined)
      if (answer === undefined) await clock.tick(200)
    }
    expect(answer).toEqual([true])
    await clock.tick(5_000)
    expect(
      await finished(
        clock,
        member().dedup.once('m', ({ attempt }) => attempt),
      ),
    ).toEqual({ status: 'done', value: 1 })
  })

  it('says so when the store cannot be asked', async () => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member()
    weather(() => 'lost')
    await expect(finished(clock, dedup.revive(['m']))).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })
})
