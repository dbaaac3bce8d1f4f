import { describe, expect, it } from 'vitest'
import type { Database } from '../core/database.ts'
import { StoreSetupError, StoreUnavailable } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { query } from './query.ts'

/** Fails with these, in turn, then answers. */
function failing(...errors: readonly unknown[]): { db: Database; asked: (string | undefined)[] } {
  const left = [...errors]
  const asked: (string | undefined)[] = []
  return {
    asked,
    db: {
      kind: 'sql',
      run: async ({ name }) => {
        asked.push(name)
        if (left.length > 0) throw left.shift()
        return { rows: [{ id: 1 }] }
      },
    },
  }
}

const away = (): Error => new StoreUnavailable('away')
const state = (code: string): Error => Object.assign(new Error('refused'), { code })

describe('a read', () => {
  it('is put again, twice, after a lost connection, a serialization failure or a deadlock', async () => {
    for (const error of [away, () => state('40001'), () => state('40P01')]) {
      const [clock, facts] = [manualClock(), [] as Fact[]]
      const { db, asked } = failing(error(), error())
      const asking = query(db, 'trips', { host: createHost({ clock, observe: (fact) => facts.push(fact) }) }).execute()
      for (let ms = 0; ms < 1_000; ms += 50) await clock.tick(50)
      expect(await asking).toEqual({ data: [{ id: 1 }] })
      expect(asked).toHaveLength(3)
      expect(facts.map(({ name }) => name)).toEqual(['query.retried', 'query.retried'])
    }
  })

  it('waits before it is put again', async () => {
    const clock = manualClock()
    const { db, asked } = failing(away())
    const asking = query(db, 'trips', { host: createHost({ clock }) }).execute()
    await clock.tick(49)
    expect(asked).toHaveLength(1)
    await clock.tick(102)
    expect(asked).toHaveLength(2)
    await asking
  })

  it('is not put again for what will not pass, nor more often than it may', async () => {
    for (const error of [state('22P02'), new StoreSetupError('no table'), new Error('?')]) {
      const { db, asked } = failing(error)
      await expect(query(db, 'trips').execute()).rejects.toThrow()
      expect(asked).toHaveLength(1)
    }
    const { db, asked } = failing(away(), away())
    await expect(query(db, 'trips').execute({ retries: 0 })).rejects.toMatchObject({
      code: 'ERR_PERF_STORE_UNAVAILABLE',
    })
    expect(asked).toHaveLength(1)
    await expect(query(db, 'trips').execute({ retries: -1 })).rejects.toThrow('retries')
  })

  it('is not put again when nobody waits any more', async () => {
    const clock = manualClock()
    const { db, asked } = failing(away(), away(), away())
    const asking = query(db, 'trips', { host: createHost({ clock }) }).execute({ timeoutMs: 20 })
    const late = expect(asking).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await clock.tick(20)
    await late
    await clock.tick(5_000)
    expect(asked).toHaveLength(1)
  })

  it('is not prepared the second time: the prepared statement may be what failed', async () => {
    const clock = manualClock()
    const { db, asked } = failing(state('0A000'))
    const asking = query(db, 'trips', { host: createHost({ clock }) }).execute()
    await clock.tick(200)
    await asking
    expect(asked).toEqual([expect.stringMatching(/^easymo_\w{14}$/), undefined])
  })
})
