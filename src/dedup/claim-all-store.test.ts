import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { fails, startWatched } from '../../test/support/dedup-start.ts'

describe('claimAll, in a store', () => {
  it('does not begin what it lost while it stood still', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member({ storeTimeoutMs: 5_000 }), member()]
    first.weather((method) => {
      if (method === 'claimMany') first.pause()
      return 'well'
    })
    const runs: string[] = []
    const paused = first.dedup.claimAll(['a', 'b'], () => void runs.push('first'), { waitMs: 0 })
    await clock.tick(1_000)
    await finished(
      clock,
      second.dedup.once('b', () => void runs.push('second')),
    )
    await first.resume()
    expect(await finished(clock, paused)).toMatchObject({ status: 'in-progress' })
    expect(
      await finished(
        clock,
        second.dedup.once('a', () => 'free'),
      ),
    ).toMatchObject({ status: 'done' })
    expect(runs).toEqual(['second'])
  })

  it('tells the work when the lease of one of its keys is lost', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    const { opened, open } = gate()
    let signal: AbortSignal | undefined
    const call = first.dedup.claimAll(['a', 'b'], async (attempt) => {
      signal = attempt.signal
      await first.here(opened)
    })
    await clock.tick(10)
    first.pause()
    await clock.tick(1_000)
    void second.dedup.once('b', forever)
    await clock.tick(10)
    await first.resume()
    await clock.tick(400)
    expect(signal?.aborted).toBe(true)
    open()
    await finished(clock, call)
    expect(first.dedup.stats().leasesLost).toBe(1)
  })

  it('runs nothing when the store cannot be asked, and keeps nothing locked', async () => {
    const { clock, member } = startCrew()
    const [first, second] = [member(), member()]
    first.weather((method) => (method === 'claimMany' ? 'unheard' : 'well'))
    const call = first.dedup.claimAll(['a', 'b'], fails('ran'))
    await expect(finished(clock, call)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    first.weather(() => 'well')
    await finished(
      clock,
      first.dedup.once('x', () => 1),
    )
    await clock.tick(10)
    const other = second.dedup.claimAll(['a', 'b'], ({ attempt }) => attempt, { waitMs: 0 })
    expect(await finished(clock, other)).toEqual({ status: 'done', value: 1 })
  })

  it('is degraded when the store could not be told of its end', async () => {
    const { clock, dedup, instead } = startWatched()
    instead('completeMany', forever)
    expect(
      await finished(
        clock,
        dedup.claimAll(['a', 'b'], () => 1),
      ),
    ).toEqual({ status: 'done', value: 1, degraded: true })
    expect(await finished(clock, dedup.claimAll(['a', 'b'], fails('twice')))).toEqual({ status: 'duplicate' })
    expect(dedup.stats()).toMatchObject({ completed: 2, degraded: 2 })
  })
})
