import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, gate } from '../../test/support/dedup-probe.ts'
import { key } from '../../test/support/dedup-start.ts'

describe('a key whose run goes on in this dedup', () => {
  it('is leased to a resend, also where the store would grant it', async () => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member()
    const work = gate()
    const first = dedup.once('m', () => work.opened)
    await clock.tick(10)
    weather((method) => (method === 'renewMany' ? 'lost' : 'well'))
    await clock.tick(2_000)
    const runs: string[] = []
    const second = await finished(
      clock,
      dedup.once('m', () => void runs.push('second'), { waitMs: 0 }),
    )
    expect(second).toMatchObject({ status: 'in-progress' })
    work.open()
    expect(await finished(clock, first)).toMatchObject({ status: 'done' })
    expect(runs).toEqual([])
  })

  it('is not begun a second time by a claim that was sent before, and granted after a lease', async () => {
    const { clock, member } = startCrew()
    const { dedup, weather, facts } = member({ leaseMs: 300, storeTimeoutMs: 5_000 })
    const fates = ['well', 'late'] as const
    let asked = 0
    weather((method) => {
      if (method === 'renewMany' && clock.elapsed() < 1_250) return 'refused'
      return method === 'claimMany' ? (fates[asked++] ?? 'well') : 'well'
    })
    const work = gate()
    const runs: string[] = []
    const call = (name: string) => dedup.once('m', () => (runs.push(name), work.opened), { waitMs: 0 })
    const both = [call('first'), call('second')]
    await clock.tick(2_000)
    expect(runs).toEqual(['first'])
    work.open()
    expect(await finished(clock, Promise.all(both))).toMatchObject([{ status: 'done' }, { status: 'in-progress' }])
    // The claim that was not used was given back: the run that goes on has its lease again.
    expect(facts.filter(({ name }) => name === 'dedup.lease_lost')).toEqual([])
    expect(
      await finished(
        clock,
        member().dedup.once('m', () => 'twice'),
      ),
    ).toEqual({ status: 'duplicate' })
  })

  it('is not done again by a claim that was sent before, and granted after its end could not be written', async () => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member({ leaseMs: 300, storeTimeoutMs: 5_000 })
    const fates = ['well', 'late'] as const
    let asked = 0
    weather((method) =>
      method === 'claimMany' ? (fates[asked++] ?? 'well') : method === 'completeMany' ? 'refused' : 'well',
    )
    const runs: string[] = []
    const both = ['first', 'second'].map((name) => dedup.once('m', () => void runs.push(name), { waitMs: 0 }))
    expect(await finished(clock, Promise.all(both))).toMatchObject([{ status: 'done' }, { status: 'duplicate' }])
    expect(runs).toEqual(['first'])
  })

  it("is not begun by a claim that found no store, with onStoreError: 'process'", async () => {
    const { clock, member } = startCrew()
    const { dedup, weather } = member({ onStoreError: 'process' })
    const fates = ['well', 'lost'] as const
    let asked = 0
    weather((method) => (method === 'claimMany' ? (fates[asked++] ?? 'well') : 'well'))
    const work = gate()
    const runs: string[] = []
    const call = (name: string) => dedup.once('m', () => (runs.push(name), work.opened), { waitMs: 0 })
    const both = [call('first'), call('second')]
    await clock.tick(500)
    expect(runs).toEqual(['first'])
    work.open()
    expect(await finished(clock, Promise.all(both))).toMatchObject([{ status: 'done' }, { status: 'in-progress' }])
  })

  it('is done once when a batch repeats it beside others', async () => {
    const { clock, member } = startCrew()
    const { dedup } = member()
    const work = gate()
    const runs: string[] = []
    const handle = async (update: string): Promise<void> => {
      runs.push(update)
      await work.opened
    }
    const batches = [dedup.each(['a', 'b'], { key, handle }), dedup.each(['b', 'c'], { key, handle })]
    await clock.tick(100)
    expect(runs).toEqual(['a', 'b', 'c'])
    work.open()
    const [, second] = await finished(clock, Promise.all(batches))
    expect(second).toMatchObject([{ status: 'duplicate' }, { status: 'done' }])
    expect(runs).toHaveLength(3)
  })
})
