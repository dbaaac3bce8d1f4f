import { describe, expect, it } from 'vitest'
import { keysOf, splitBody, bodyOf, splitChange } from '../../test/support/split.ts'

const distinct = (keys: readonly unknown[]): number => new Set(keys).size

describe('the key of a status in a group', () => {
  const delivered = {
    id: 'a',
    status: 'delivered',
    timestamp: '1700000000',
    recipient_id: 'Y2Fw',
    recipient_type: 'group',
  }

  it.each([
    'recipient_participant_id',
    'participant_recipient_id',
    'recipient_participant_user_id',
    'participant_recipient_user_id',
    'recipient_participant_parent_user_id',
    'participant_recipient_parent_user_id',
    'participant_of_tomorrow',
  ])('holds the member, whom Meta names by %s', async (name) => {
    const statuses = ['2507', '2508', '2509'].map((member) => ({ ...delivered, [name]: member }))
    const keys = await keysOf('messages', { statuses })
    expect(keys).toEqual(['s:a:delivered:2507', 's:a:delivered:2508', 's:a:delivered:2509'])
  })

  it('is a hash where the member is not known, so that no two of them are taken for one', async () => {
    const statuses = [
      { ...delivered, member: '2507' },
      { ...delivered, member: '2508' },
      { ...delivered, recipient_participant_id: 2507 },
      { ...delivered, recipient_participant_id: null },
      delivered,
      { ...delivered, recipient_type: undefined, member: '2507' },
      { ...delivered, recipient_type: undefined },
    ]
    const keys = await keysOf('messages', { statuses })
    expect(distinct(keys)).toBe(statuses.length)
    for (const key of keys) expect(key).toMatch(/^s:a:delivered:[\da-f]{64}$/)
    expect(await keysOf('messages', { statuses })).toEqual(keys)
  })
})

describe('the key of what may happen several times', () => {
  const payment = (status: string, transaction: object): object => ({
    id: 'a',
    status,
    type: 'payment',
    timestamp: '1700000000',
    recipient_id: '2507',
    payment: { reference_id: 'r', transaction },
  })

  it('tells a payment from its refund, and each step from the next', async () => {
    const statuses = [
      payment('pending', { status: 'pending' }),
      payment('captured', { status: 'success', refunds: null }),
      payment('captured', { status: 'success', refunds: [{ id: 'rfnd', status: 'pending' }] }),
      payment('captured', { status: 'success', refunds: [{ id: 'rfnd', status: 'completed' }] }),
      { ...payment('captured', { status: 'success', refunds: null }), timestamp: '1700000009' },
      { ...payment('sent', { status: 'of tomorrow' }) },
      { ...payment('sent', { status: 'of the day after' }), type: undefined },
    ]
    const keys = await keysOf('messages', { statuses })
    expect(distinct(keys)).toBe(statuses.length)
    expect(await keysOf('messages', { statuses: statuses.toReversed() })).toEqual(keys.toReversed())
  })

  it('tells failures with other errors apart, and what a message becomes that nobody knows yet', async () => {
    const base = { id: 'a', timestamp: '1700000000', recipient_id: '2507' }
    const statuses = [
      { ...base, status: 'failed', errors: [{ code: 131026 }] },
      { ...base, status: 'failed', errors: [{ code: 131047 }] },
      { ...base, status: 'teleported', to: 'Kigali' },
      { ...base, status: 'teleported', to: 'Huye' },
    ]
    expect(distinct(await keysOf('messages', { statuses }))).toBe(4)
  })

  it('tells the recordings and transcripts of one call apart, but not a call from its resend', async () => {
    const base = { id: 'wacid.a', timestamp: '1700000000' }
    const recording = (id: string): object => ({
      ...base,
      event: 'call_recording_available',
      call_recording: { type: 'audio', audio: { id } },
    })
    const calls = [
      { ...base, event: 'connect' },
      recording('1'),
      recording('2'),
      { ...base, event: 'call_transcription_available', call_transcript: { document: { id: '1' } } },
      { ...base, event: 'call_transcription_available', call_transcript: { document: { id: '2' } } },
      { ...base, of: 'tomorrow' },
      { ...base, of: 'the day after' },
      { ...base, event: 'terminate' },
    ]
    const keys = await keysOf('calls', { calls })
    expect(distinct(keys)).toBe(calls.length)
    expect([keys[0], keys.at(-1)]).toEqual(['c:wacid.a:connect', 'c:wacid.a:terminate'])
    const again = await keysOf('calls', { calls: [recording('2')], contacts: [{ wa_id: '2507' }] }, 1_800_000_000)
    expect(again).toEqual([keys[2]])
  })

  it('tells preferences apart whose fields have other names', async () => {
    const base = { wa_id: '2507', timestamp: 1_700_000_000 }
    const user_preferences = [
      { ...base, kind: 'marketing', value: 'stop' },
      { ...base, kind: 'utility', value: 'stop' },
      { ...base, category: 'marketing_messages', choice: 'stop' },
      { ...base, category: 'marketing_messages', choice: 'resume' },
    ]
    expect(distinct(await keysOf('user_preferences', { user_preferences }))).toBe(4)
  })

  it('tells our numbers apart by what stands for them, when their id is missing', async () => {
    const user_preferences = [{ wa_id: '2507', category: 'marketing', value: 'stop', timestamp: 1 }]
    const [one] = await keysOf('user_preferences', { user_preferences, metadata: { display_phone_number: '1' } })
    const [other] = await keysOf('user_preferences', { user_preferences, metadata: { display_phone_number: '2' } })
    expect(one).not.toBe(other)
  })
})

describe('the key of several parts', () => {
  it('cannot be written by one part for another', async () => {
    const statuses = [
      { id: 'a:sent', status: 'read' },
      { id: 'a', status: 'sent', recipient_participant_id: 'read' },
      { id: 'a%3Asent', status: 'read' },
    ]
    expect(distinct(await keysOf('messages', { statuses }))).toBe(3)
    const calls = [
      { id: 'a:connect', event: 'connect' },
      { id: 'a', event: 'connect:connect' },
    ]
    expect(distinct(await keysOf('calls', { calls }))).toBe(2)
  })
})

describe('what has neither an id nor a time', () => {
  it.each([
    ['errors of a number', 'messages', { errors: [{ code: 130429 }] }, { code: 130429 }],
    ['a call without an id', 'calls', { calls: [{ event: 'connect' }] }, { event: 'connect' }],
    ['a preference without a time', 'user_preferences', { user_preferences: [{ wa_id: '1' }] }, { wa_id: '1' }],
    ['a contact without a time', 'smb_app_state_sync', { state_sync: [{ action: 'add' }] }, { action: 'add' }],
    ['a group without a time', 'group_status_update', { groups: [{ group_id: 'g' }] }, { group_id: 'g' }],
    ['a new id without a time', 'user_id_update', { user_id_update: [{ wa_id: '1' }] }, { wa_id: '1' }],
    ['a history that is not shared', 'history', { history: [{ errors: [{ code: 2593109 }] }] }, { code: 2593109 }],
    ['a chunk without messages', 'history', { history: [{ threads: [] }] }, { threads: [] }],
    ['a thread without messages', 'history', { history: [{ threads: [{ id: '1' }] }] }, { id: '1' }],
    ['an event without an id', 'automatic_events', { automatic_events: [{ event_name: 'P' }] }, { event_name: 'P' }],
  ])('is unkeyed, as the next one of its kind may be another: %s', async (...[, field, value, told]) => {
    const { updates, unkeyed } = await splitChange(field, value)
    expect(updates).toEqual([])
    expect(unkeyed).toEqual([{ reason: 'no_id_or_time', value: told }])
    // With a time it is an update.
    expect((await splitChange(field, value, 1_700_000_000)).updates).toHaveLength(1)
  })

  it.each([
    ['a standby of nothing', 'standby', { standby: {} }],
    ['empty lists', 'messages', { messages: [], statuses: [] }],
    ['empty lists in standby', 'standby', { standby: { messages: [] } }],
    ['a list that nobody knows', 'messages', { of_tomorrow: [{ x: 1 }] }],
    ['nothing at all', 'messages', {}],
    ['an account that changed', 'account_update', { event: 'VERIFIED_ACCOUNT' }],
  ])('is unkeyed as the change that it is: %s', async (_what, field, value) => {
    const body = bodyOf(field, value)
    const { updates, unkeyed } = await splitBody(body)
    expect(updates).toEqual([])
    expect(unkeyed).toEqual([{ reason: 'no_id_or_time', value: { field, value } }])
    const [late, later] = [await splitBody(bodyOf(field, value, 1)), await splitBody(bodyOf(field, value, 2))]
    expect(late.updates.map(({ kind }) => kind)).toEqual(['change'])
    expect(late.updates[0]?.key).not.toBe(later.updates[0]?.key)
  })

  it('is keyed when it says its own time, whatever the batch says', async () => {
    const value = { type: 'control_passed', timestamp: '1700000000', control_passed: {} }
    const keys = await keysOf('messaging_handovers', value)
    expect(keys).toEqual([expect.stringMatching(/^h:[\da-f]{64}$/)])
    expect(await keysOf('messaging_handovers', value, 1_800_000_000)).toEqual(keys)
    expect(await keysOf('messaging_handovers', { ...value, timestamp: '1700000001' })).not.toEqual(keys)
  })
})

describe('the key of what has no id', () => {
  it('tells fields apart, whatever they are', async () => {
    const groups = [{ group_id: 'g', timestamp: '1700000000' }]
    const changes = ['group_lifecycle_update', 'group_status_update', 1, 2, null].map((field) => ({
      field,
      value: { groups },
    }))
    const { updates } = await splitBody({ entry: [{ id: 'waba', changes }] })
    expect(distinct(updates.map(({ key }) => key))).toBe(changes.length)
  })
})

describe('an error', () => {
  it('of a call is keyed with the call, and is another one of another call', async () => {
    const value = (id: string): object => ({
      calls: [{ id, event: 'terminate', status: 'FAILED', timestamp: '1700000000' }],
      errors: [{ code: 138000 }],
    })
    const [, one] = await keysOf('calls', value('wacid.a'))
    const [, other] = await keysOf('calls', value('wacid.b'))
    expect(one).toMatch(/^h:[\da-f]{64}$/)
    expect(one).not.toBe(other)
    expect((await keysOf('calls', value('wacid.a')))[1]).toBe(one)
  })

  it('has the same key whatever the order beside it', async () => {
    const calls = ['a', 'b'].map((id) => ({ id, event: 'connect' }))
    const errors = [{ code: 1 }, { code: 2 }, { code: 1 }]
    const keys = await keysOf('calls', { calls, errors })
    expect(distinct(keys)).toBe(5)
    const turned = await keysOf('calls', { calls: calls.toReversed(), errors: errors.toReversed() })
    expect(turned.toSorted()).toEqual(keys.toSorted())
  })

  it('of an alert is a part of the alert', async () => {
    const value = {
      event: 'CLIENT_ERROR_RATE',
      flow_id: '1',
      alert_state: 'ACTIVATED',
      errors: [{ error_type: 'INVALID_SCREEN_TRANSITION', error_rate: 66.66, error_count: 2 }],
    }
    const { updates } = await splitChange('flows', value, 1_700_000_000)
    expect(updates.map(({ kind }) => kind)).toEqual(['change'])
    expect(updates[0]?.payload).toMatchObject(value)
  })
})
