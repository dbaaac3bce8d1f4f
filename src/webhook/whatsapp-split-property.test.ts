import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oddDeliveries } from '../../test/support/odd-deliveries.ts'
import { isHashed, thingsOf } from '../../test/support/plain-whatsapp.ts'
import { shuffled } from '../../test/support/shuffled.ts'
import type { SplitDelivery } from './provider.ts'
import { splitWhatsApp } from './whatsapp-split.ts'
import type { WhatsAppUpdate } from './whatsapp-types.ts'

const NUM_RUNS = Number(process.env['FUZZ_RUNS'] ?? 500)
const NOTHING: SplitDelivery<WhatsAppUpdate> = { updates: [], unkeyed: [] }
const split = async (body: unknown): Promise<SplitDelivery<WhatsAppUpdate>> => (await splitWhatsApp(body)) ?? NOTHING
const parsed = (body: unknown): unknown => JSON.parse(JSON.stringify(body))
const counted = (values: readonly unknown[]): Map<unknown, number> => {
  const counts = new Map<unknown, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
const rowsOf = ({ updates }: SplitDelivery<WhatsAppUpdate>): string[] =>
  updates.map(({ kind, key, group, payload }) => JSON.stringify([kind, key, group, kind === 'change' ? 0 : payload]))

const holds = (property: (body: unknown, seed: number) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(oddDeliveries.map(parsed), fc.nat(65_536), property), { numRuns: NUM_RUNS })

/** The fields that name an update of each kind, where nothing is hashed. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  status: ['id', 'status'],
  standby_status: ['id', 'status'],
  call: ['id', 'event'],
  history: ['id', 'type'],
  preference: ['category', 'value'],
}

/** What must be equal for two updates to be one. */
function identityOf({ kind, key, payload, at }: WhatsAppUpdate): string {
  if (isHashed(key)) return JSON.stringify([kind, payload])
  const sent = payload as Record<string, unknown>
  const names = NAMES[kind] ?? ['id']
  return JSON.stringify([kind, ...names.map((name) => sent[name]), kind === 'preference' ? at : 0])
}

describe('whatever a delivery holds', () => {
  it(
    'comes out exactly once: as an update, or unkeyed',
    () =>
      holds(async (body) => {
        const things = thingsOf(body) ?? []
        const { updates, unkeyed } = await split(body)
        const told = new Map<unknown, unknown>(
          things.flatMap(({ value, told }) => (told === undefined ? [] : [[told, value] as const])),
        )
        const out = [
          ...updates.map(({ payload }) => payload),
          ...unkeyed.map(({ value }) => (told.has(value) ? told.get(value) : value)),
        ]
        expect(counted(out)).toEqual(counted(things.map(({ value }) => value)))
        expect(updates.every(({ key, group }) => key !== '' && group !== '')).toBe(true)
        const named = updates.map(({ key }) => key).filter((key) => !isHashed(key))
        expect(named.sort()).toEqual(things.flatMap(({ key }) => key ?? []).sort())
      }),
    60_000,
  )

  it(
    'has the same keys and groups when it is sent again',
    () =>
      holds(async (body) => {
        expect(rowsOf(await split(parsed(body)))).toEqual(rowsOf(await split(body)))
      }),
    60_000,
  )

  it(
    'has the same keys and groups in any order',
    () =>
      holds(async (body, seed) => {
        const turned = await split(shuffled(body, seed))
        const straight = await split(body)
        expect(rowsOf(turned).sort()).toEqual(rowsOf(straight).sort())
        expect(turned.unkeyed).toHaveLength(straight.unkeyed.length)
      }),
    60_000,
  )

  it(
    'shares no key with another',
    () =>
      holds(async (body) => {
        const owners = new Map<string, string>()
        for (const update of (await split(body)).updates) {
          const identity = identityOf(update)
          expect(owners.get(update.key) ?? identity).toBe(identity)
          owners.set(update.key, identity)
        }
      }),
    60_000,
  )
})
