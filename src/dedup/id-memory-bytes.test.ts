import { describe, expect, it } from 'vitest'
import { heldBytes } from '../../test/support/held-bytes.ts'

const LONG = { timeout: 120_000 }

describe('a million ids in memory', LONG, () => {
  const count = 1_000_000

  it('cost at most 0.70 of what lru-cache needs as strings, 0.12 as fingerprints, and nothing after two idle windows', async () => {
    const lru = await heldBytes('lru-cache', { count })
    const strings = await heldBytes({ ids: 'strings' }, { count })
    const fingerprints = await heldBytes({ ids: 'fingerprints' }, { count })
    expect(strings.held / lru.held).toBeLessThanOrEqual(0.7)
    expect(fingerprints.held / lru.held).toBeLessThanOrEqual(0.12)
    for (const { idle } of [strings, fingerprints]) expect(idle).toBeLessThan(1)
  })
})

describe('ids that were cut out of bodies of 2 kB', LONG, () => {
  const ids = { count: 20_000, from: 'cut out of bodies' } as const

  it('keep their bodies alive, unless they are flattened', async () => {
    expect((await heldBytes({}, ids)).held).toBeGreaterThan(1_000)
    expect((await heldBytes({ flatten: true }, ids)).held).toBeLessThanOrEqual(200)
  })

  it('do not as fingerprints', async () => {
    expect((await heldBytes({ ids: 'fingerprints' }, ids)).held).toBeLessThanOrEqual(100)
  })
})
