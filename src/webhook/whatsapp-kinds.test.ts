import { describe, expect, it } from 'vitest'
import { openDoor } from '../../test/support/door.ts'
import { bodyOf, keysOf, METADATA, splitBody, splitChange } from '../../test/support/split.ts'

const T = '1700000000'
const HASH = /^h:[\da-f]{64}$/

/** What the delivery holds, one row for each update. */
async function rows(field: string, value: object, time?: number): Promise<[string, string, string][]> {
  const { updates, unkeyed } = await splitChange(field, value, time)
  expect(unkeyed).toEqual([])
  return updates.map(({ kind, key, group }) => [kind, key, group])
}

describe('a standby', () => {
  const standby = {
    contacts: [{ profile: { name: 'A' }, wa_id: '2507' }],
    messages: [
      { id: 'a', from: '2507', timestamp: T, type: 'text', text: { body: 'hi' } },
      { id: 'b', from: '2508', timestamp: T, type: 'text', text: { body: 'hi' } },
    ],
    message_echoes: [{ id: 'c', timestamp: T, message: { to: '+250 7', type: 'text', text: { body: 'ho' } } }],
    statuses: [{ id: 'c', status: 'delivered', timestamp: T, recipient_id: '2507' }],
  }

  it('is taken apart: a copy of each message, echo and status, in the conversation it is of', async () => {
    expect(await rows('standby', { standby })).toEqual([
      ['standby_message', 'standby:m:a', '111:2507'],
      ['standby_message', 'standby:m:b', '111:2508'],
      ['standby_echo', 'standby:e:c', '111:2507'],
      ['standby_status', 'standby:s:c:delivered', '111:2507'],
    ])
  })

  it('never silences what comes to the one who leads the conversation', async () => {
    const { messages, statuses } = standby
    const led = [...(await keysOf('messages', { messages })), ...(await keysOf('messages', { statuses }))]
    const heard = await keysOf('standby', { standby })
    expect(new Set([...led, ...heard]).size).toBe(led.length + heard.length)
  })

  it('is one by its field, too', async () => {
    const { messages } = standby
    expect((await rows('standby', { messages })).map(([kind]) => kind)).toEqual(['standby_message', 'standby_message'])
  })

  it('harms nothing beside it when it is none', async () => {
    for (const odd of [null, 7, 'x', [], [{ messages: [{ id: 'b' }] }]]) {
      const { updates, unkeyed } = await splitChange('messages', { standby: odd, messages: [{ id: 'a' }] })
      expect(updates.map(({ key }) => key)).toEqual(['m:a'])
      expect(unkeyed).toEqual([{ reason: 'item_not_object', value: odd }])
    }
  })
})

describe('a history', () => {
  const old = (id: string, more: object = {}): object => ({
    id,
    from: '15550001111',
    to: '2507',
    timestamp: T,
    type: 'text',
    text: { body: id },
    history_context: { status: 'READ' },
    ...more,
  })
  const chunk = (...threads: object[]): object => ({ metadata: { phase: 0, chunk_order: 1, progress: 55 }, threads })

  it('is taken apart to its messages, each in the conversation of its thread, whoever wrote it', async () => {
    const history = [
      chunk(
        { id: '2507', messages: [old('a'), old('b', { from: '2507', to: undefined })] },
        { id: '2508', messages: [old('c')] },
      ),
      chunk({ context: { user_id: 'RW.9' }, messages: [old('d')] }, { messages: [old('e')] }),
    ]
    expect(await rows('history', { history })).toEqual([
      ['history', 'history:t:a:text:READ', '111:2507'],
      ['history', 'history:t:b:text:READ', '111:2507'],
      ['history', 'history:t:c:text:READ', '111:2508'],
      ['history', 'history:t:d:text:READ', '111:RW.9'],
      ['history', 'history:t:e:text:READ', '111:2507'],
    ])
  })

  it('never gives messages of now, and never their keys, whatever lists it holds', async () => {
    const value = {
      messages: [{ id: 'a', from: '2507', timestamp: T, type: 'image', image: { id: '1' } }],
      message_echoes: [{ id: 'b', to: '2507', timestamp: T, type: 'image', image: { id: '2' } }],
      statuses: [{ id: 'c', status: 'read', recipient_id: '2507' }],
    }
    const found = await rows('history', value)
    expect(found.map(([kind, , group]) => [kind, group])).toEqual(Array(3).fill(['history', '111:2507']))
    for (const [, key] of found) expect(key).toMatch(/^history:/)
    const placeholder = chunk({ id: '2507', messages: [old('a', { type: 'media_placeholder' })] })
    const keys = [...found.map(([, key]) => key), ...(await keysOf('history', { history: [placeholder] }))]
    expect(new Set(keys).size).toBe(4)
  })

  it('that comes again tells what is the same from what has come further', async () => {
    const keyOf = async (more: object): Promise<string | undefined> =>
      (await keysOf('history', { history: [chunk({ id: '2507', messages: [old('a', more)] })] }))[0]
    const all = [
      {},
      { history_context: { status: 'PLAYED' } },
      { type: 'image', image: { id: '1' } },
      { history_context: undefined, x: 1 },
      { history_context: undefined, x: 2 },
      { type: undefined },
    ]
    const keys = await Promise.all(all.map(keyOf))
    expect(new Set(keys).size).toBe(all.length)
    expect(await Promise.all(all.map(keyOf))).toEqual(keys)
  })

  it('says what was not shared, and how far it has come', async () => {
    const history = [{ errors: [{ code: 2593109 }] }, chunk(), { metadata: { progress: 100 } }]
    const found = await rows('history', { history }, 1_700_000_000)
    expect(found.map(([kind]) => kind)).toEqual(['error', 'history', 'history'])
    expect(new Set(found.map(([, key]) => key)).size).toBe(3)
  })

  it('harms no sibling where it is odd', async () => {
    const history = [null, { threads: {} }, { threads: [7, { messages: 1 }, { messages: [null, {}, old('a')] }] }]
    const { updates, unkeyed } = await splitChange('history', { history })
    expect(updates.map(({ key }) => key)).toEqual(['history:t:a:text:READ'])
    expect(unkeyed).toEqual([
      { reason: 'item_not_object', value: null },
      { reason: 'list_not_array', value: {} },
      { reason: 'item_not_object', value: 7 },
      { reason: 'list_not_array', value: 1 },
      { reason: 'item_not_object', value: null },
      { reason: 'no_id', value: {} },
    ])
  })
})

describe('a list of items that have no id', () => {
  const contact = (phone_number: string, at = T): object => ({
    type: 'contact',
    contact: { full_name: 'A', phone_number },
    action: 'add',
    metadata: { timestamp: at },
  })
  const group = (type: string, more: object = {}): object => ({ timestamp: T, group_id: 'Y2Fw', type, ...more })
  const moved = (previous: string, current: string): object => ({
    user_id: { previous, current },
    timestamp: T,
  })

  it.each([
    ['state_sync', 'smb_app_state_sync', [contact('2507'), contact('2508'), contact('2507', '1700000001')]],
    [
      'group_update',
      'group_participants_update',
      [
        group('group_participants_add', { added_participants: [{ wa_id: '2507' }] }),
        group('group_participants_add', { added_participants: [{ wa_id: '2508' }] }),
        group('group_delete'),
      ],
    ],
    ['user_id_update', 'user_id_update', [moved('RW.1', 'RW.2'), moved('RW.3', 'RW.4'), moved('RW.2', 'RW.1')]],
  ])('gives each its own key, the same in any batch: %s', async (kind, field, items) => {
    const list = { state_sync: 'state_sync', group_update: 'groups', user_id_update: 'user_id_update' }[kind] ?? kind
    const found = await rows(field, { [list]: items })
    expect(found.map(([is]) => is)).toEqual([kind, kind, kind])
    const keys = found.map(([, key]) => key)
    for (const key of keys) expect(key).toMatch(HASH)
    expect(new Set(keys).size).toBe(3)
    expect(await keysOf(field, { [list]: items.slice(1), contacts: [{ wa_id: '9' }] }, 1_800_000_000)).toEqual(
      keys.slice(1),
    )
    const elsewhere = { [list]: items, metadata: { ...METADATA, phone_number_id: '222' } }
    expect(new Set([...keys, ...(await keysOf(field, elsewhere))]).size).toBe(6)
  })

  it('gives each the conversation that it is of, and its time', async () => {
    expect((await rows('smb_app_state_sync', { state_sync: [contact('2507')] }))[0]?.[2]).toBe('111:2507')
    expect((await rows('group_status_update', { groups: [group('group_suspend')] }))[0]?.[2]).toBe('111:Y2Fw')
    expect((await rows('user_id_update', { user_id_update: [moved('RW.1', 'RW.2')] }))[0]?.[2]).toBe('111:RW.1')
    const { updates } = await splitChange('smb_app_state_sync', { state_sync: [contact('2507')] }, 1_800_000_000)
    expect(updates[0]?.at).toBe(1_700_000_000_000)
  })

  it('gives events that were found in a message a key of the message', async () => {
    const automatic_events = [
      { id: 'a', event_name: 'LeadSubmitted', timestamp: T },
      { id: 'a', event_name: 'Purchase', timestamp: T, custom_data: { currency: 'RWF', value: 5_000 } },
    ]
    const found = await rows('automatic_events', { automatic_events })
    expect(found.map(([kind, key]) => [kind, key.slice(0, 4)])).toEqual(Array(2).fill(['automatic_event', 'a:a:']))
    expect(found[0]?.[1]).not.toBe(found[1]?.[1])
  })
})

describe('a list that is not known', () => {
  it('is an update of its own beside those that are', async () => {
    const value = (list: object[]): object => ({
      messages: [{ id: 'a' }],
      contacts: [{ wa_id: '1' }],
      of_tomorrow: list,
    })
    const [message, one] = await rows('messages', value([{ x: 1 }]), 1_700_000_000)
    expect([message?.[0], one?.[0]]).toEqual(['message', 'change'])
    expect((await rows('messages', value([{ x: 2 }]), 1_700_000_000))[1]?.[1]).not.toBe(one?.[1])
    expect((await splitChange('messages', value([{ x: 1 }]))).unkeyed).toMatchObject([{ reason: 'no_id_or_time' }])
  })

  it('is found in a standby, too', async () => {
    const standby = { messages: [{ id: 'a' }], of_tomorrow: [{ x: 1 }] }
    expect((await rows('standby', { standby }, 1)).map(([kind]) => kind)).toEqual(['standby_message', 'change'])
  })
})

describe('the order of updates', () => {
  it('is the order of the delivery, also among lists', async () => {
    const { updates } = await splitBody({
      entry: [
        { changes: [{ value: { statuses: [{ id: 'a', status: 'sent' }], messages: [{ id: 'b' }] } }] },
        { changes: [{ value: { messages: [{ id: 'c' }], statuses: [{ id: 'a', status: 'read' }] } }] },
      ],
    })
    expect(updates.map(({ key }) => key)).toEqual(['s:a:sent', 'm:b', 'm:c', 's:a:read'])
  })
})

describe('a failure of one item', () => {
  it.each([
    ['standby', { standby: { messages: ['a', 'b', 'c'].map((id) => ({ id, timestamp: T })) } }],
    ['history', { history: [{ threads: [{ id: '2507', messages: ['a', 'b', 'c'].map((id) => ({ id })) }] }] }],
    ['smb_app_state_sync', { state_sync: ['a', 'b', 'c'].map((id) => ({ id, timestamp: T })) }],
    ['group_settings_update', { groups: ['a', 'b', 'c'].map((id) => ({ id, timestamp: T })) }],
    ['user_id_update', { user_id_update: ['a', 'b', 'c'].map((id) => ({ id, timestamp: T })) }],
  ])('of %s is not repeated for its siblings', async (field, value) => {
    const seen: unknown[] = []
    const { post } = openDoor({
      handle({ payload }) {
        const { id } = payload as { id: unknown }
        seen.push(id)
        if (id === 'b' && seen.length <= 3) throw new Error('the first time')
      },
    })
    const body = JSON.stringify(bodyOf(field, { metadata: METADATA, ...value }))
    expect((await post(body)).status).toBe(500)
    expect((await post(body)).status).toBe(200)
    expect(seen.toSorted()).toEqual(['a', 'b', 'b', 'c'])
  })
})
