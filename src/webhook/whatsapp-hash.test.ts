import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hashAll, nodeHash, subtleHash } from './whatsapp-hash.ts'

const TEXTS = ['', 'a', 'Muraho é 🛵', JSON.stringify('\ud800'), '\ud800', 'x'.repeat(100_000)]

describe('the hash of a text', () => {
  it('is the same on every runtime: one may be asked for the key that another has made', async () => {
    const node = nodeHash()
    for (const text of TEXTS) {
      const expected = createHash('sha256').update(text).digest('hex')
      expect(await subtleHash(text)).toBe(expected)
      expect(node?.(text)).toBe(expected)
    }
  })

  it('holds what stands beside it, and counts equal ones where they are several', async () => {
    const here = {}
    const all = [
      { text: 'a', counted: here },
      { text: 'a', counted: here },
      { text: 'a', counted: {} },
      { text: 'a', counted: undefined },
      { text: 'a', counted: undefined },
      { text: 'a', beside: 'b', counted: undefined },
      { text: 'a', beside: 'c', counted: undefined },
    ]
    const [a, again, elsewhere, one, same, besideB, besideC] = await hashAll(all)
    expect([again, elsewhere, one, same]).toEqual([`${a}:2`, a, a, a])
    expect(new Set([a, besideB, besideC]).size).toBe(3)
    expect(await hashAll(all, subtleHash)).toEqual([a, again, elsewhere, one, same, besideB, besideC])
  })
})
