import { describe, expect, it } from 'vitest'
import type { SplitDelivery } from './provider.ts'
import { splitWhatsApp } from './whatsapp-split.ts'
import type { WhatsAppUpdate } from './whatsapp-types.ts'

/** Takes the values of changes apart, all in one entry, as they come out of the parser. */
async function split(...values: readonly unknown[]): Promise<SplitDelivery<WhatsAppUpdate>> {
  return splitBody({ entry: [{ id: 'waba', changes: values.map((value) => ({ field: 'messages', value })) }] })
}

async function splitBody(body: unknown): Promise<SplitDelivery<WhatsAppUpdate>> {
  const delivery = await splitWhatsApp(JSON.parse(JSON.stringify(body)))
  if (delivery === undefined) throw new Error('this is no delivery')
  return delivery
}

describe('what is odd', () => {
  it('is no delivery at the top', () => {
    for (const body of [null, 1, 'x', true, [], [{ entry: [] }], {}, { entry: null }, { entry: {} }, { entry: 'x' }])
      expect(splitWhatsApp(body)).toBeUndefined()
  })

  it('is a delivery without updates when the list of entries is empty', async () => {
    expect(await splitBody({ entry: [] })).toMatchObject({ updates: [], unkeyed: [] })
  })

  it('is unkeyed below the top, told as it was sent, and harms no sibling', async () => {
    const good = { value: { messages: [{ id: 'a' }] } }
    const { updates, unkeyed } = await splitBody({
      entry: [null, [1], { id: 'no changes' }, { changes: {} }, { changes: [good, null, 7, [], { value: [] }, {}] }],
    })
    expect(updates.map(({ key }) => key)).toEqual(['m:a'])
    expect(unkeyed).toEqual([
      { reason: 'entry_not_object', value: null },
      { reason: 'entry_not_object', value: [1] },
      { reason: 'changes_not_array', value: { id: 'no changes' } },
      { reason: 'changes_not_array', value: { changes: {} } },
      { reason: 'change_not_object', value: null },
      { reason: 'change_not_object', value: 7 },
      { reason: 'change_not_object', value: [] },
      { reason: 'change_not_object', value: { value: [] } },
      { reason: 'change_not_object', value: {} },
    ])
  })

  it('is unkeyed in a list, item by item', async () => {
    const messages = [{ id: 'a' }, null, [], 'x', { id: '' }, { id: 7 }, { from: '2507' }, { id: 'b' }]
    const { updates, unkeyed } = await split({ messages })
    expect(updates.map(({ key }) => key)).toEqual(['m:a', 'm:b'])
    expect(unkeyed.map(({ reason }) => reason)).toEqual([
      ...['item_not_object', 'item_not_object', 'item_not_object'],
      ...['no_id', 'no_id', 'no_id'],
    ])
  })

  it('is unkeyed as a list that is none, beside lists that are', async () => {
    const { updates, unkeyed } = await split({
      messages: { id: 'a' },
      statuses: [{ id: 'b', status: 'read' }],
      calls: null,
    })
    expect(updates.map(({ key }) => key)).toEqual(['s:b:read'])
    expect(unkeyed).toEqual([
      { reason: 'list_not_array', value: { id: 'a' } },
      { reason: 'list_not_array', value: null },
    ])
  })

  it('is a status without a status, and an echo without an id', async () => {
    const { updates, unkeyed } = await split({
      statuses: [{ id: 'a' }, { status: 'read' }],
      message_echoes: [{ to: '1' }],
    })
    expect(updates).toEqual([])
    expect(unkeyed.map(({ reason }) => reason)).toEqual(['no_id', 'no_id', 'no_id'])
  })

  it('does not matter in what stands beside the updates', async () => {
    for (const metadata of [null, 'x', [], { phone_number_id: 7 }])
      expect((await split({ metadata, messages: [{ id: 'a', from: '1' }] })).updates[0]?.group).toBe(':1')
  })

  it('is not mistaken for a list by a name that every object inherits', async () => {
    const body: unknown = JSON.parse(
      '{"entry":[{"time":1,"changes":[{"value":{"__proto__":{"messages":[{"id":"a"}]}}}]}]}',
    )
    const delivery = await splitWhatsApp(body)
    expect(delivery?.updates.map(({ kind }) => kind)).toEqual(['change'])
  })
})
