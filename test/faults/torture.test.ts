import { expect, it } from 'vitest'
import { printed } from '../torture/printed.ts'
import { storeKinds } from '../torture/stores.ts'
import { torture } from '../torture/torture.ts'

const SHORT = { ids: 1_200, kills: 3, troubles: 11, killers: 1, hangers: 1, workers: 6, seed: 20_260_421 }

it.each(storeKinds)(
  'processes that share %s lose no update and do none twice without an excuse, whatever dies',
  { timeout: 480_000 },
  async (store) => {
    const { violations, counts, deliveries, seconds, folder } = await torture({ store, ...SHORT })
    console.log(`${printed({ violations, counts })}\ndeliveries ${deliveries}, seconds ${seconds.toFixed(1)}`)
    expect(violations, `the history is in ${folder}`).toEqual([])
    expect(counts).toMatchObject({ ids: SHORT.ids, troubles: SHORT.troubles, parkedKillers: SHORT.killers })
    expect(counts.kills).toBeGreaterThan(SHORT.kills)
    // Something did happen: processes died with claims in their hands, and calls of the store failed.
    expect(counts.killsBetween).toBeGreaterThan(0)
    // Leases were lost by processes that stood still or were cut off, in runs and before them.
    expect(counts.lostUnbegun).toBeGreaterThan(0)
    expect(counts.missedCalls).toBeGreaterThan(0)
    expect(deliveries).toBeGreaterThan(100)
  },
)
