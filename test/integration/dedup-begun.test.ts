import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import { standStill } from '../servers/processes.ts'
import { gate } from '../support/dedup-probe.ts'
import { ids, key } from '../support/dedup-start.ts'
import { dedupAt, placesOf, type SharedPlace } from '../support/shared-place.ts'
import type { Said, StoppedDelivery } from '../support/stopped-delivery.ts'

const PROGRAM = fileURLToPath(new URL('../support/stopped-delivery.ts', import.meta.url))
const failing = (): never => {
  throw new Error('db down')
}

/** Lets a process stop itself in the middle of a delivery, and go on once `meanwhile` is over. */
async function stoppedMeanwhile(delivery: StoppedDelivery, meanwhile: () => Promise<void>): Promise<Said> {
  const child = fork(PROGRAM, [JSON.stringify(delivery)], { execArgv: ['--import', 'tsx'] })
  try {
    await once(child, 'message')
    await standStill([child.pid ?? NaN])
    await meanwhile()
    const ended = once(child, 'message')
    child.kill('SIGCONT')
    return ((await ended) as [Said])[0]
  } finally {
    child.kill('SIGKILL')
  }
}

describe.each([
  ['Redis', () => placesOf.Redis(inject('redisUrl'), ownName())],
  ['Postgres', () => placesOf.Postgres(inject('postgresUrl'), '')],
])('runs of updates whose claims are in %s', (_, open) => {
  let place: SharedPlace
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  it('are not begun by a process that stood still for longer than its lease: another one has done them', async () => {
    const updates = ids(20)
    const leaseMs = 1_000
    const runs: string[] = []
    const delivery = { address: place.address, ids: updates, stopsIn: 'm1', leaseMs }
    const said = await stoppedMeanwhile(delivery, async () => {
      const dedup = dedupAt(place, { leaseMs })
      const handle = (update: string): void => void runs.push(update)
      const results = await dedup.each(updates, { key, handle, waitMs: 60_000 })
      expect(results.every(({ status }) => status === 'done' || status === 'duplicate')).toBe(true)
    })
    expect(said).toMatchObject({ what: 'ended', effects: ['m0', 'm1'] })
    const statuses = said.what === 'ended' ? said.statuses : []
    expect(statuses.slice(2)).toEqual(Array(18).fill('in-progress'))
    // What it stopped in is done again: nobody can tell that from a crash.
    expect(runs.filter((update) => update !== 'm0')).toEqual(updates.slice(1))
  })

  it('count from their begin: what is given back unbegun is no attempt', async () => {
    const options = { key, groupBy: () => 'one', afterFailure: 'stop' } as const
    for (let delivery = 0; delivery < 3; delivery += 1) {
      const results = await dedupAt(place).each(['g0', 'g1', 'g2'], { ...options, handle: failing })
      expect(results.map(({ status }) => status)).toEqual(['failed', 'in-progress', 'in-progress'])
    }
    const attempts: number[] = []
    const handle = (_: string, { attempt }: { attempt: number }): void => void attempts.push(attempt)
    await dedupAt(place).each(['g0', 'g1', 'g2'], { ...options, handle })
    expect(attempts).toEqual([4, 1, 1])
  })

  it('begin anew after a revive of what was parked, and only of that', async () => {
    const options = { park: () => undefined, maxAttempts: 2 }
    await expect(dedupAt(place).once('r', failing, options)).rejects.toThrow('db down')
    expect(await dedupAt(place).once('r', failing, options)).toEqual({ status: 'dead' })
    const dedup = dedupAt(place)
    await dedup.once('fine', () => 1)
    expect(await dedup.once('r', () => 'ran')).toEqual({ status: 'dead' })
    expect(await dedup.revive(['fine', 'r', 'unknown'])).toEqual([false, true, false])
    expect(await dedup.once('r', ({ attempt }) => attempt, options)).toEqual({ status: 'done', value: 1 })
    expect(await dedupAt(place).once('fine', failing)).toEqual({ status: 'duplicate' })
  })

  it('that are given up after their time may succeed late: one done is written', async () => {
    const { opened, open: finish } = gate()
    const [first, second] = [dedupAt(place), dedupAt(place)]
    const call = first.once('late', () => opened, { handleTimeoutMs: 200 })
    await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await expect(second.once('late', ({ attempt }) => Promise.reject(new Error(`attempt ${attempt}`)))).rejects.toThrow(
      'attempt 2',
    )
    finish()
    await expect
      .poll(() => second.once('late', failing).catch(String), { timeout: 15_000 })
      .toEqual({
        status: 'duplicate',
      })
    expect(first.stats().zombies).toBe(0)
  })

  it('of several keys at once are never two of one key, and leave nothing held', async () => {
    const callers = Array.from({ length: 8 }, () => dedupAt(place))
    const busy = new Set<string>()
    let overlaps = 0
    const keysOf = (at: number): string[] => ['k0', 'k1', 'k2', 'k3'].filter((_name, nr) => nr !== at % 4)
    const work = (keys: readonly string[]) => async () => {
      overlaps += keys.filter((name) => busy.has(name)).length
      for (const name of keys) busy.add(name)
      await new Promise((resolve) => setTimeout(resolve, 5))
      for (const name of keys) busy.delete(name)
    }
    const results = await Promise.all(
      callers.map((dedup, at) => dedup.claimAll(keysOf(at), work(keysOf(at)), { waitMs: 60_000, isDone: () => false })),
    )
    expect(results.map(({ status }) => status)).toEqual(Array(8).fill('undone'))
    expect(overlaps).toBe(0)
    const last = dedupAt(place).claimAll(['k0', 'k1', 'k2', 'k3'], () => 'free', { waitMs: 0 })
    expect(await last).toEqual({ status: 'done', value: 'free' })
  })
})
