import { describe, expect, it } from 'vitest'
import { startCrew, type Crew, type CrewMember } from '../../test/support/dedup-crew.ts'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { key } from '../../test/support/dedup-start.ts'

const LEASE_MS = 900
const park = (): void => undefined

/** Claims the updates in a process that dies of them, so often: their leases run out, and are found so at the next claim. */
async function died(crew: Crew, updates: readonly string[], often = 2): Promise<void> {
  for (let dead = 0; dead < often; dead += 1) {
    const victim = crew.member()
    void victim.dedup.each(updates, { key, handle: forever, park })
    await crew.clock.tick(10)
    victim.kill()
    await crew.clock.tick(LEASE_MS + 1)
  }
}

/** Handles updates, and writes down which of them run at the same time. */
function watched(member: CrewMember) {
  const running = new Set<string>()
  const seen = { together: 0, runs: [] as string[], attempts: [] as number[] }
  const handle = async (update: string, { attempt }: { attempt: number }): Promise<void> => {
    seen.runs.push(update)
    seen.attempts.push(attempt)
    running.add(update)
    seen.together = Math.max(seen.together, running.size)
    await member.here(Promise.resolve())
    await undefined
    running.delete(update)
  }
  return { seen, handle }
}

describe('updates whose leases ran out again and again', () => {
  it('run one at a time across deliveries, and beside what is not suspected', async () => {
    const crew = startCrew()
    await died(crew, ['a', 'b', 'c', 'd'])
    const { dedup, here } = crew.member()
    const gates = new Map(['a', 'b', 'c', 'd', 'fresh'].map((name) => [name, gate()]))
    const running = new Set<string>()
    const handle = async (update: string): Promise<void> => {
      running.add(update)
      await here(gates.get(update)?.opened ?? Promise.resolve())
      running.delete(update)
    }
    const batches = [
      dedup.each(['a', 'b'], { key, handle, park }),
      dedup.each(['c', 'fresh'], { key, handle, park }),
      dedup.once('d', () => handle('d'), { park }),
    ]
    await crew.clock.tick(100)
    expect([...running].filter((update) => update !== 'fresh')).toHaveLength(1)
    expect(running.has('fresh')).toBe(true)
    gates.get('fresh')?.open()
    for (let ended = 0; ended < 4; ended += 1) {
      await crew.clock.tick(200)
      expect(running.size).toBe(1)
      for (const update of running) gates.get(update)?.open()
    }
    const ends = await finished(crew.clock, Promise.all(batches))
    expect(ends.flat().every(({ status }) => status === 'done')).toBe(true)
  })

  it('have their begin written before they run, one end before the next begin', async () => {
    const crew = startCrew()
    await died(crew, ['a', 'b'])
    const member = crew.member()
    const { seen, handle } = watched(member)
    const calls: string[] = []
    member.weather((method) => (calls.push(method), 'well'))
    await finished(crew.clock, member.dedup.each(['a', 'b'], { key, handle, park }))
    expect(calls).toEqual(['claimMany', 'beginMany', 'completeMany', 'beginMany', 'completeMany'])
    expect(seen).toEqual({ together: 1, runs: ['a', 'b'], attempts: [1, 1] })
  })

  it('leave the innocent beside a killer as they are: that one is parked, after as many runs as it may have and two', async () => {
    const crew = startCrew()
    const runs: string[] = []
    const parked: string[] = []
    const statuses: string[] = []
    for (let delivery = 0; delivery < 12 && !statuses.includes('dead'); delivery += 1) {
      const member = crew.member()
      const handle = (update: string): Promise<void> | void => {
        runs.push(update)
        if (update !== 'killer') return member.here(Promise.resolve())
        member.kill()
        return forever()
      }
      const batch = member.dedup.each(['one', 'killer', 'two'], {
        key,
        handle,
        maxAttempts: 3,
        concurrency: 1,
        park: (update) => void parked.push(update),
      })
      void batch.then((results) => statuses.push(...results.map(({ status }) => status)))
      await crew.clock.tick(200)
      await crew.clock.tick(LEASE_MS + 1)
    }
    expect(parked).toEqual(['killer'])
    expect(runs.filter((update) => update === 'killer')).toHaveLength(5)
    expect(statuses).toEqual(['duplicate', 'dead', 'done'])
  })

  it('are not begun after a pause between the begin that is written and the run', async () => {
    const crew = startCrew()
    await died(crew, ['a'])
    const [first, second] = [crew.member(), crew.member()]
    const runs: string[] = []
    first.weather((method) => {
      if (method === 'beginMany') first.pause()
      return 'well'
    })
    const paused = first.dedup.once('a', () => void runs.push('first'), { park, waitMs: 0 })
    await crew.clock.tick(LEASE_MS + 100)
    const other = second.dedup.once('a', () => void runs.push('second'), { park })
    expect(await finished(crew.clock, other)).toMatchObject({ status: 'done' })
    await first.resume()
    expect(await finished(crew.clock, paused)).toMatchObject({ status: 'in-progress' })
    expect(runs).toEqual(['second'])
  })

  it('are begun all the same when the store does not say whether their begin is written', async () => {
    const crew = startCrew()
    await died(crew, ['a'])
    const { dedup, weather } = crew.member()
    weather((method) => (method === 'beginMany' ? 'lost' : 'well'))
    expect(
      await finished(
        crew.clock,
        dedup.once('a', ({ attempt }) => attempt, { park }),
      ),
    ).toEqual({
      status: 'done',
      value: 1,
    })
  })

  it('are counted once, when the answer to their begin was lost, and their lease taken again', async () => {
    const crew = startCrew()
    await died(crew, ['a'])
    const { dedup, weather, here } = crew.member()
    const { opened, open } = gate()
    weather((method) => (method === 'beginMany' ? 'unheard' : method === 'renewMany' ? 'refused' : 'well'))
    const call = dedup.once('a', () => here(opened).then(() => Promise.reject(new Error('it fails'))), { park })
    await crew.clock.tick(LEASE_MS + 500)
    const other = { key: 'a:a', token: 'other' }
    expect(await crew.store.claimMany([other], { leaseMs: 60_000 })).toMatchObject([{ status: 'won', runs: 1 }])
    await crew.store.releaseMany([other])
    weather(() => 'well')
    await crew.clock.tick(2_000)
    open()
    await expect(finished(crew.clock, call)).rejects.toThrow('it fails')
    const next = crew.member().dedup.once('a', ({ attempt }) => attempt, { park })
    expect(await finished(crew.clock, next)).toEqual({ status: 'done', value: 2 })
  })

  it('take a begin back that no run followed, because the store did not say whose they are', async () => {
    const crew = startCrew()
    await died(crew, ['a'])
    const [first, second] = [crew.member({ storeTimeoutMs: 5_000 }), crew.member()]
    let writing = false
    first.weather((method) => {
      if (method === 'beginMany') {
        writing = true
        first.pause()
      }
      return writing && method === 'renewMany' ? 'refused' : 'well'
    })
    const paused = first.dedup.once('a', () => 'ran', { park, waitMs: 0 })
    await crew.clock.tick(LEASE_MS + 100)
    await first.resume()
    expect(await finished(crew.clock, paused)).toMatchObject({ status: 'in-progress' })
    expect(
      await finished(
        crew.clock,
        second.dedup.once('a', ({ attempt }) => attempt, { park }),
      ),
    ).toEqual({
      status: 'done',
      value: 1,
    })
  })

  it('give their turn on when they never end, once their time is over', async () => {
    const crew = startCrew()
    await died(crew, ['a', 'b'])
    const { dedup } = crew.member()
    const handle = async (update: string): Promise<string> => (update === 'a' ? forever() : 'done')
    const results = await finished(crew.clock, dedup.each(['a', 'b'], { key, handle, park, handleTimeoutMs: 5_000 }))
    expect(results).toMatchObject([
      { status: 'failed', error: { code: 'ERR_PERF_TIMEOUT' } },
      { status: 'done', value: 'done' },
    ])
  })

  it('run like any other where nothing takes over what is given up', async () => {
    const crew = startCrew()
    await died(crew, ['a', 'b'])
    const member = crew.member()
    const calls: string[] = []
    member.weather((method) => (calls.push(method), 'well'))
    await finished(crew.clock, member.dedup.each(['a', 'b'], { key, handle: () => 1 }))
    expect(calls).toEqual(['claimMany', 'completeMany'])
  })
})
