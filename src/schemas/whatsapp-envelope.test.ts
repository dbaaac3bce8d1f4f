import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { whatsappDelivery, whatsappStatus as statusOf } from '../testing/index.ts'
import { whatsappEnvelope } from './index.ts'

const accepts = (payload: unknown): boolean => z.safeParse(whatsappEnvelope, payload).success
const deliver = (change: object): object => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', changes: [change] }],
})
const withMessages = (...messages: unknown[]): object => deliver({ field: 'messages', value: { messages } })
const message = { id: 'wamid.1', from: '250788000001', timestamp: '1700000000' }

describe('whatsappEnvelope accepts', () => {
  it.each([
    ['a text', { type: 'text', text: { body: 'Muraho' } }],
    ['an image', { type: 'image', image: { id: '7', mime_type: 'image/jpeg', sha256: 'a+/=' } }],
    ['a location', { type: 'location', location: { latitude: -1.94, longitude: 30.06 } }],
    ['a reaction taken back', { type: 'reaction', reaction: { message_id: 'wamid.0' } }],
    [
      'a reply to a button',
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'yes' } } },
    ],
    ['a forwarded answer', { type: 'text', text: { body: 'x' }, context: { id: 'wamid.0', forwarded: true } }],
    ['what WhatsApp cannot show', { type: 'unsupported', errors: [{ code: 131051, title: 'Unsupported' }] }],
    ['a sender without a phone number', { from: undefined, type: 'text', text: { body: 'x' }, from_user_id: 'RW.1' }],
  ])('%s', (_what, content) => {
    expect(accepts(withMessages({ ...message, ...content }))).toBe(true)
  })

  it.each([
    ['statuses', { statuses: [{ id: 'wamid.1', status: 'read', timestamp: '1700000000', recipient_id: '250' }] }],
    [
      'a failed status',
      { statuses: [{ id: 'wamid.1', status: 'failed', timestamp: '1', errors: [{ code: 130472 }] }] },
    ],
    ['a status of tomorrow', { statuses: [{ id: 'wamid.1', status: 'teleported', timestamp: '1' }] }],
    ['errors of the whole number', { errors: [{ code: 131052, error_data: { details: 'why' } }] }],
    ['contacts', { contacts: [{ wa_id: '250', profile: { name: 'A', username: 'a' } }] }],
  ])('%s', (_what, value) => {
    expect(accepts(deliver({ field: 'messages', value }))).toBe(true)
  })

  it('changes of another field', () => {
    expect(accepts(deliver({ field: 'account_update', value: { event: 'VERIFIED_ACCOUNT' } }))).toBe(true)
  })

  it.each([
    ['flows', { event: 'CLIENT_ERROR_RATE', errors: [{ error_type: 'X', error_rate: 66.66, error_count: 2 }] }],
    ['standby', { standby: { messages: [{ id: 'wamid.1' }], statuses: [{ id: 'wamid.2', status: 'read' }] } }],
    ['history', { history: [{ threads: [{ id: '250', messages: [{ id: 'wamid.1' }] }] }] }],
    ['smb_app_state_sync', { state_sync: [{ type: 'contact', contact: { phone_number: '250' }, action: 'add' }] }],
    ['group_status_update', { groups: [{ group_id: 'g', type: 'group_suspend', errors: [{ code: '131000' }] }] }],
    ['user_id_update', { user_id_update: [{ user_id: { previous: 'RW.1', current: 'RW.2' } }] }],
  ])('a change of %s', (field, value) => {
    expect(accepts(deliver({ field, value }))).toBe(true)
  })

  it('what the testing room makes', () => {
    const trio = ['sent', 'delivered', 'read'].map((status) => statusOf({ status }))
    const { payload } = whatsappDelivery({ messages: [{ text: 'a' }, { text: 'b' }], statuses: trio })
    expect(z.parse(whatsappEnvelope, payload)).toEqual(payload)
  })
})

describe('whatsappEnvelope keeps', () => {
  it('fields that it does not know, at every depth', () => {
    const payload = withMessages({
      ...message,
      type: 'hologram',
      hologram: { depth: 3 },
      text: { body: 'x', tone: 'warm' },
    })
    const extended = { ...payload, sent_by: 'tomorrow' }
    expect(z.parse(whatsappEnvelope, extended)).toEqual(extended)
  })
})

describe('whatsappEnvelope refuses', () => {
  it.each([
    ['another object', { object: 'page', entry: [] }],
    ['no entry', { object: 'whatsapp_business_account' }],
    ['an entry that is null', { object: 'whatsapp_business_account', entry: null }],
    ['an array', []],
    ['a message without an id', withMessages({ ...message, id: undefined, type: 'text' })],
    ['a message that is an array', withMessages([])],
    ['a text without a body', withMessages({ ...message, type: 'text', text: {} })],
    ['a status without a status', deliver({ field: 'messages', value: { statuses: [{ id: 'a', timestamp: '1' }] } })],
    ['an error without a code', deliver({ field: 'messages', value: { errors: [{ title: 'x' }] } })],
    ['a change without a value', deliver({ field: 'messages' })],
  ])('%s', (_what, payload) => {
    expect(accepts(payload)).toBe(false)
  })

  it('through the Standard Schema too, with the path of what is wrong', async () => {
    const result = await whatsappEnvelope['~standard'].validate({ object: 'whatsapp_business_account', entry: [{}] })
    expect(result.issues?.map(({ path }) => path)).toContainEqual(['entry', 0, 'changes'])
  })
})
