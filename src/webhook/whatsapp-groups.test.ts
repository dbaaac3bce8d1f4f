import { describe, expect, it } from 'vitest'
import { METADATA, splitBody, splitChange } from '../../test/support/split.ts'

const T = '1700000000'
const groupsOf = async (field: string, value: object): Promise<string[]> =>
  (await splitChange(field, value)).updates.map(({ group }) => group)

describe('a group chat', () => {
  it('is one conversation: what its members say, what becomes of ours, and what becomes of it', async () => {
    const group_id = 'Y2FwaV9ncm91cA'
    const messages = [
      { id: 'a', from: '2507', group_id },
      { id: 'b', from: '2508', from_user_id: 'RW.8', group_id },
    ]
    const read = { id: 'c', status: 'read', recipient_type: 'group', recipient_id: group_id }
    const statuses = [
      { ...read, recipient_participant_id: '2507' },
      { ...read, participant_recipient_id: '2508' },
    ]
    const group = `111:${group_id}`
    expect(await groupsOf('messages', { messages, statuses })).toEqual([group, group, group, group])
    expect(await groupsOf('messages', { message_echoes: [{ id: 'd', to: group_id }] })).toEqual([group])
    const groups = [{ group_id, type: 'group_suspend', timestamp: T }]
    expect(await groupsOf('group_status_update', { groups })).toEqual([group])
  })

  it('does not draw what its members say to us alone into it', async () => {
    const messages = [
      { id: 'a', from: '2507', group_id: 'g' },
      { id: 'b', from: '2507' },
    ]
    expect(await groupsOf('messages', { messages })).toEqual(['111:g', '111:2507'])
  })
})

describe('one person', () => {
  it('goes by whatever names them: an empty phone number names nobody', async () => {
    const message_echoes = [
      { id: 'a', to_user_id: 'RW.7' },
      { id: 'b', to: '', to_parent_user_id: 'RW.ENT.7' },
    ]
    expect(await groupsOf('smb_message_echoes', { message_echoes })).toEqual(['111:RW.7', '111:RW.ENT.7'])
    const messages = [
      { id: 'c', from_parent_user_id: 'RW.ENT.7' },
      { id: 'd', from: '', from_user_id: 'RW.7' },
    ]
    expect(await groupsOf('messages', { messages })).toEqual(['111:RW.ENT.7', '111:RW.7'])
    const statuses = [
      { id: 'e', status: 'sent', recipient_parent_user_id: 'RW.ENT.7' },
      { id: 'f', status: 'sent', parent_recipient_user_id: 'RW.ENT.7' },
    ]
    expect(await groupsOf('messages', { statuses })).toEqual(['111:RW.ENT.7', '111:RW.ENT.7'])
  })

  it('is one conversation by phone and by user id, when a contact of the delivery has both', async () => {
    const contacts = [
      { wa_id: '2507', user_id: 'RW.7', parent_user_id: 'RW.ENT.7' },
      { wa_id: '2508', user_id: 'RW.8' },
    ]
    const messages = [
      { id: 'a', from: '2507' },
      { id: 'b', from_user_id: 'RW.7' },
      { id: 'c', from_parent_user_id: 'RW.ENT.7' },
      { id: 'd', from_user_id: 'RW.8' },
    ]
    const groups = ['111:2507', '111:2507', '111:2507', '111:2508']
    expect(await groupsOf('messages', { contacts, messages })).toEqual(groups)
    // Also when the contact comes last, or stands in another change.
    expect(await groupsOf('messages', { messages, contacts })).toEqual(groups)
    const { updates } = await splitBody({
      entry: [
        { changes: [{ value: { metadata: METADATA, messages } }] },
        {
          changes: [
            {
              value: {
                metadata: METADATA,
                contacts,
                statuses: [{ id: 'e', status: 'sent', recipient_user_id: 'RW.8' }],
              },
            },
          ],
        },
      ],
    })
    expect(updates.map(({ group }) => group)).toEqual([...groups, '111:2508'])
  })

  it.each([
    ['a message', 'messages', { messages: [{ id: 'b', from: '2507', from_user_id: 'RW.7' }] }],
    [
      'a status',
      'messages',
      { statuses: [{ id: 'b', status: 'sent', recipient_id: '2507', recipient_user_id: 'RW.7' }] },
    ],
    ['an echo', 'smb_message_echoes', { message_echoes: [{ id: 'b', to: '2507', to_user_id: 'RW.7' }] }],
    ['a preference', 'user_preferences', { user_preferences: [{ wa_id: '2507', user_id: 'RW.7', timestamp: T }] }],
    [
      'a contact',
      'smb_app_state_sync',
      { state_sync: [{ contact: { phone_number: '2507', user_id: 'RW.7' }, metadata: { timestamp: T } }] },
    ],
    [
      'a new id',
      'user_id_update',
      { user_id_update: [{ wa_id: '2507', user_id: { previous: 'RW.7', current: 'RW.9' }, timestamp: T }] },
    ],
    [
      'a thread',
      'history',
      { history: [{ threads: [{ id: '2507', context: { user_id: 'RW.7' }, messages: [{ id: 'b' }] }] }] },
    ],
    [
      'a contact of a standby',
      'standby',
      { standby: { contacts: [{ wa_id: '2507', user_id: 'RW.7' }], messages: [{ id: 'b', from: '2507' }] } },
    ],
    [
      'a move',
      'messages',
      { messages: [{ id: 'b', from: '2507', type: 'system', system: { user_id: 'RW.9', previous_user_id: 'RW.7' } }] },
    ],
  ])('is one conversation by phone and by user id, when %s has both', async (_what, field, value) => {
    const { updates } = await splitBody({
      entry: [
        {
          changes: [
            { field: 'messages', value: { metadata: METADATA, messages: [{ id: 'a', from_user_id: 'RW.7' }] } },
          ],
        },
        { changes: [{ field, value: { metadata: METADATA, ...value } }] },
      ],
    })
    expect(updates.map(({ group }) => group)).toEqual(['111:2507', '111:2507'])
  })

  it('is one after many moves, in the time of a delivery', async () => {
    const count = 20_000
    const user_id_update = Array.from({ length: count }, (_, at) => ({
      user_id: { previous: `RW.${1e6 + count - at}`, current: `RW.${1e6 + count - at - 1}` },
      timestamp: T,
    }))
    const { updates } = await splitChange('user_id_update', { user_id_update })
    expect(new Set(updates.map(({ group }) => group))).toEqual(new Set([`111:RW.${1e6}`]))
  }, 30_000)

  it('stays two conversations with two of our numbers', async () => {
    const value = (phone_number_id: string): object => ({
      value: {
        metadata: { phone_number_id },
        contacts: [{ wa_id: '2507', user_id: 'RW.7' }],
        messages: [{ id: phone_number_id, from_user_id: 'RW.7' }],
      },
    })
    const { updates } = await splitBody({ entry: [{ changes: [value('1'), value('2')] }] })
    expect(updates.map(({ group }) => group)).toEqual(['1:2507', '2:2507'])
  })
})

describe('a call', () => {
  it('is one group: its ringing, its connecting, its end, and its recording', async () => {
    const statuses = [{ id: 'wacid.a', type: 'call', status: 'RINGING', timestamp: T, recipient_id: '2507' }]
    const calls = ['connect', 'terminate', 'call_recording_available'].map((event) => ({
      id: 'wacid.a',
      event,
      timestamp: T,
    }))
    expect(new Set(await groupsOf('calls', { statuses, calls }))).toEqual(new Set(['c:wacid.a']))
  })
})

describe('a thread that changes hands', () => {
  it('is a part of its conversation', async () => {
    const value = {
      metadata: undefined,
      sender: { phone_number: '2507' },
      recipient: { phone_number_id: '111', display_phone_number: '1' },
      type: 'control_passed',
      timestamp: T,
      control_passed: { new_owner_role: 'escalation' },
    }
    expect(await groupsOf('messaging_handovers', value)).toEqual(['111:2507'])
    expect(await groupsOf('messaging_handovers', { ...value, sender: undefined })).toEqual(['waba:messaging_handovers'])
  })
})
