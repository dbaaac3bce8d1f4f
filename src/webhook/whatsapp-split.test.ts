import { describe, expect, it } from 'vitest'
import type { SplitDelivery } from './provider.ts'
import { splitWhatsApp } from './whatsapp-split.ts'
import type { WhatsAppKeyedUpdate } from './whatsapp-types.ts'

const METADATA = { display_phone_number: '15550001111', phone_number_id: '111' }

/** Takes the values of changes apart, all in one entry, as they come out of the parser. */
async function split(...values: readonly unknown[]): Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
  const changes = values.map((value) => ({ field: 'messages', value }))
  return splitBody({ entry: [{ id: 'waba', time: 1_700_000_000, changes }] })
}

async function splitBody(body: unknown): Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
  const delivery = await splitWhatsApp(JSON.parse(JSON.stringify(body)))
  if (delivery === undefined) throw new Error('this is no delivery')
  return delivery
}

async function keysOf(...values: readonly unknown[]): Promise<string[]> {
  return (await split(...values)).updates.map(({ key }) => key)
}

describe('the updates of a delivery', () => {
  it('are found in every list, of every change, of every entry, in their order', async () => {
    const { updates, unkeyed } = await splitBody({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: 'waba 1',
          changes: [
            { field: 'messages', value: { metadata: METADATA, messages: [{ id: 'a' }, { id: 'b' }] } },
            { field: 'messages', value: { metadata: METADATA, statuses: [{ id: 'a', status: 'read' }] } },
          ],
        },
        { id: 'waba 2', changes: [{ field: 'calls', value: { calls: [{ id: 'c', event: 'connect' }] } }] },
        { id: 'waba 3', changes: [{ field: 'smb_message_echoes', value: { message_echoes: [{ id: 'd', to: '9' }] } }] },
      ],
    })
    expect(updates.map(({ kind, key, change }) => [kind, key, change.entryId, change.field])).toEqual([
      ['message', 'm:a', 'waba 1', 'messages'],
      ['message', 'm:b', 'waba 1', 'messages'],
      ['status', 's:a:read', 'waba 1', 'messages'],
      ['call', 'c:c:connect', 'waba 2', 'calls'],
      ['echo', 'e:d', 'waba 3', 'smb_message_echoes'],
    ])
    expect(unkeyed).toEqual([])
  })

  it('are all found when one change holds several lists', async () => {
    const value = { messages: [{ id: 'a' }], statuses: [{ id: 'b', status: 'sent' }], errors: [{ code: 1 }] }
    expect((await split(value)).updates.map(({ kind }) => kind)).toEqual(['message', 'status', 'error'])
  })

  it('carry the payload as it was sent, what stood beside it, and the time', async () => {
    const message = { id: 'a', from: '2507', timestamp: '1700000000', type: 'text', text: { body: 'hi' }, new_field: 1 }
    const value = { metadata: METADATA, contacts: [{ wa_id: '2507' }], messages: [message] }
    const [update] = (await split(value)).updates
    expect(update).toEqual({
      kind: 'message',
      key: 'm:a',
      group: '111:2507',
      payload: message,
      at: 1_700_000_000_000,
      change: { entryId: 'waba', field: 'messages', value },
    })
  })

  it('have no time when none was sent, or none that is one', async () => {
    for (const timestamp of [undefined, null, '', 'soon', -1, {}, '1e999'])
      expect((await split({ messages: [{ id: 'a', timestamp }] })).updates[0]?.at).toBeUndefined()
    expect((await split({ messages: [{ id: 'a', timestamp: 1_700_000_000 }] })).updates[0]?.at).toBe(1_700_000_000_000)
  })
})

describe('the key', () => {
  it('of a status holds its status: sent, delivered and read share the message’s id', async () => {
    const statuses = ['sent', 'delivered', 'read'].map((status) => ({ id: 'a', status, recipient_id: '2507' }))
    expect(await keysOf({ statuses })).toEqual(['s:a:sent', 's:a:delivered', 's:a:read'])
  })

  it('of a status in a group holds the member: each of them reads for themselves', async () => {
    const read = { id: 'a', status: 'read', recipient_id: 'g1', recipient_type: 'group' }
    const statuses = [
      { ...read, recipient_participant_id: '2507' },
      { ...read, recipient_participant_id: '2508', recipient_participant_user_id: 'RW.8' },
      { ...read, recipient_participant_user_id: 'RW.9' },
    ]
    expect(await keysOf({ statuses })).toEqual(['s:a:read:2507', 's:a:read:2508', 's:a:read:RW.9'])
  })

  it('of a call holds its event: one call has several', async () => {
    const calls = [
      { id: 'a', event: 'connect' },
      { id: 'a', event: 'terminate' },
    ]
    expect(await keysOf({ calls })).toEqual(['c:a:connect', 'c:a:terminate'])
  })

  it('of an echo is not the key of the message of the same id', async () => {
    expect(await keysOf({ messages: [{ id: 'a' }] }, { message_echoes: [{ id: 'a' }] })).toEqual(['m:a', 'e:a'])
  })

  it('of a preference tells persons, categories, values and times apart', async () => {
    const base = { wa_id: '2507', category: 'marketing_messages', value: 'stop', timestamp: 1_700_000_000 }
    const user_preferences = [
      base,
      { ...base, wa_id: '2508' },
      { ...base, category: 'other' },
      { ...base, value: 'resume' },
      { ...base, timestamp: 1_700_000_001 },
      { ...base, wa_id: undefined, user_id: 'RW.7' },
    ]
    const keys = await keysOf({ user_preferences })
    expect(new Set(keys).size).toBe(6)
    expect(keys.every((key) => key.startsWith('p:'))).toBe(true)
    expect(await keysOf({ user_preferences })).toEqual(keys)
  })

  it('of a preference tells the numbers apart to which one person says the same within a second', async () => {
    const user_preferences = [
      { wa_id: '2507', category: 'marketing_messages', value: 'stop', timestamp: 1_700_000_000 },
    ]
    const ours = { user_preferences, metadata: METADATA }
    const other = { user_preferences, metadata: { ...METADATA, phone_number_id: '222' } }
    expect(new Set(await keysOf(ours, other, ours)).size).toBe(2)
  })

  it('takes ids as they are: long, with NUL, with half a surrogate pair, without the usual prefix', async () => {
    for (const id of [
      'x'.repeat(10_240),
      'a\u0000b',
      '\ud800',
      '\udc00x',
      'ABGGFlA5Fpa',
      ' ',
      '__proto__',
      'constructor',
    ])
      expect(await keysOf({ messages: [{ id }] })).toEqual([`m:${id}`])
  })
})

describe('the group', () => {
  const groupsOf = async (value: object): Promise<string[]> =>
    (await split({ metadata: METADATA, ...value })).updates.map(({ group }) => group)

  it('is one conversation: our number and the person, whoever of both speaks', async () => {
    expect(await groupsOf({ messages: [{ id: 'a', from: '2507' }] })).toEqual(['111:2507'])
    expect(await groupsOf({ statuses: [{ id: 'b', status: 'sent', recipient_id: '2507' }] })).toEqual(['111:2507'])
    expect(await groupsOf({ message_echoes: [{ id: 'c', from: '111', to: '2507' }] })).toEqual(['111:2507'])
    expect(await groupsOf({ user_preferences: [{ wa_id: '2507', timestamp: 1 }] })).toEqual(['111:2507'])
  })

  it('is another one at another number of ours', async () => {
    const messages = [{ id: 'a', from: '2507' }]
    expect(await groupsOf({ metadata: { phone_number_id: '222' }, messages })).toEqual(['222:2507'])
  })

  it('is kept for a person who shows no phone number', async () => {
    const messages = [
      { id: 'a', from_user_id: 'RW.7' },
      { id: 'b', from_user_id: 'RW.7' },
    ]
    expect(await groupsOf({ messages })).toEqual(['111:RW.7', '111:RW.7'])
    expect(await groupsOf({ statuses: [{ id: 'b', status: 'sent', recipient_user_id: 'RW.7' }] })).toEqual(['111:RW.7'])
  })

  it('is the update’s own when nobody is named', async () => {
    expect(await groupsOf({ messages: [{ id: 'a' }, { id: 'b', from: 7 }] })).toEqual(['m:a', 'm:b'])
  })

  it('of a call is the call, so that it does not end before it began', async () => {
    const calls = [
      { id: 'a', event: 'connect' },
      { id: 'a', event: 'terminate' },
    ]
    expect(await groupsOf({ calls })).toEqual(['c:a', 'c:a'])
  })
})

describe('an update without an id', () => {
  const account = { field: 'account_update', value: { event: 'VERIFIED_ACCOUNT', phone_number: '1' } }
  const keyOf = async (entry: object): Promise<string | undefined> =>
    (await splitBody({ entry: [entry] })).updates[0]?.key
  const first = { id: 'waba', time: 1_700_000_000, changes: [account] }

  it('is keyed by a hash, the same for every resend', async () => {
    const key = await keyOf(first)
    expect(key).toMatch(/^h:[0-9a-f]{64}$/)
    expect(await keyOf(structuredClone(first))).toBe(key)
  })

  it('is another one at another time, of another account, in another field, with another value', async () => {
    const others = [
      { ...first, time: 1_700_000_001 },
      { ...first, id: 'waba 2' },
      { ...first, id: 1 },
      { ...first, id: 2 },
      { ...first, changes: [{ ...account, field: 'phone_number_name_update' }] },
      { ...first, changes: [{ ...account, value: { event: 'DISABLED_UPDATE', phone_number: '1' } }] },
    ]
    const keys = await Promise.all([first, ...others].map(keyOf))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('carries the value, the time of the entry, and keeps the order of its account and field', async () => {
    const template = { field: 'message_template_status_update', value: { event: 'APPROVED', message_template_id: 1 } }
    const { updates } = await splitBody({ entry: [{ ...first, changes: [account, template, account] }] })
    expect(updates.map(({ kind, payload, at, group }) => ({ kind, payload, at, group }))).toEqual([
      { kind: 'change', payload: account.value, at: 1_700_000_000_000, group: 'waba:account_update' },
      { kind: 'change', payload: template.value, at: 1_700_000_000_000, group: 'waba:message_template_status_update' },
      { kind: 'change', payload: account.value, at: 1_700_000_000_000, group: 'waba:account_update' },
    ])
  })

  it('has a key of its own beside siblings of the same change', async () => {
    const errors = [{ code: 130429 }, { code: 130429 }]
    const calls = [{ event: 'connect' }]
    const user_preferences = [{ category: 'marketing_messages' }, { wa_id: '2507' }]
    const { updates, unkeyed } = await split({ errors, calls, user_preferences })
    expect(updates.map(({ kind }) => kind)).toEqual(['error', 'error', 'call', 'preference', 'preference'])
    expect(new Set(updates.map(({ key }) => key)).size).toBe(5)
    expect(unkeyed).toEqual([])
  })

  it('stays where it was among updates with ids', async () => {
    const { updates } = await split({ messages: [{ id: 'a' }] }, { event: 'x' }, { messages: [{ id: 'b' }] })
    expect(updates.map(({ kind }) => kind)).toEqual(['message', 'change', 'message'])
  })

  it('is also a change whose lists are empty, so that nothing is dropped in silence', async () => {
    const { updates, unkeyed } = await split({ messages: [], statuses: [], other: 1 }, {})
    expect(updates.map(({ kind }) => kind)).toEqual(['change', 'change'])
    expect(unkeyed).toEqual([])
  })

  it('is unkeyed when it is nested too deep to be hashed, and harms no sibling', async () => {
    const deep: unknown = JSON.parse('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000))
    const changes = [{ value: { messages: [{ id: 'a' }] } }, { value: { deep } }, { value: { event: 'x' } }]
    const delivery = await splitWhatsApp({ entry: [{ time: 1_700_000_000, changes }] })
    expect(delivery?.updates.map(({ kind }) => kind)).toEqual(['message', 'change'])
    expect(delivery?.updates[1]?.key).toMatch(/^h:/)
    expect(delivery?.unkeyed.map(({ reason }) => reason)).toEqual(['too_deep'])
  })
})
