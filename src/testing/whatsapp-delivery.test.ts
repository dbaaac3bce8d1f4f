import { describe, expect, it } from 'vitest'
import { whatsappDelivery, whatsappMessage, whatsappStatus } from './index.ts'

const valuesOf = ({ payload }: ReturnType<typeof whatsappDelivery>) =>
  payload.entry.flatMap(({ changes }) => changes.map(({ value }) => value))

describe('whatsappDelivery', () => {
  it('makes one text message, with the body as JSON of the payload', () => {
    const delivery = whatsappDelivery({
      text: 'Muraho',
      from: '+250 788 123 456',
      id: 'wamid.1',
      phoneNumberId: '42',
      timestamp: 1_700_000_000,
    })
    expect(JSON.parse(delivery.body)).toEqual(delivery.payload)
    expect(delivery.ids).toEqual(['wamid.1'])
    expect(valuesOf(delivery)).toEqual([
      {
        messaging_product: 'whatsapp',
        metadata: { display_phone_number: '15550783881', phone_number_id: '42' },
        contacts: [{ profile: { name: 'Test User' }, wa_id: '250788123456' }],
        messages: [
          { from: '250788123456', id: 'wamid.1', timestamp: '1700000000', type: 'text', text: { body: 'Muraho' } },
        ],
      },
    ])
  })

  it('gives every message an id of its own, of the length and alphabet of real ones', () => {
    const { ids } = whatsappDelivery({ messages: Array.from({ length: 1_000 }, () => ({ text: 'x' })) })
    expect(new Set(ids).size).toBe(1_000)
    expect(ids.filter((id) => !/^wamid\.[A-Za-z0-9+/]{55}[A-Za-z0-9+/=]$/.test(id))).toEqual([])
  })

  it.each(['16505551234', '250788000001', '3312345678'])(
    'makes ids of 62 characters that carry the sender, %s',
    (from) => {
      const [id = ''] = whatsappDelivery({ text: 'x', from }).ids
      expect(id).toHaveLength(62)
      expect(atob(id.slice('wamid.'.length))).toContain(from)
    },
  )

  it('is of now when no time is given', () => {
    const before = Math.floor(Date.now() / 1_000)
    const [value] = valuesOf(whatsappDelivery({ text: 'x' }))
    expect(Number(value?.messages?.[0]?.timestamp)).toBeGreaterThanOrEqual(before)
    expect(Number(value?.messages?.[0]?.timestamp)).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000))
  })

  it('makes a batch of messages and statuses, each kind in a change of its own', () => {
    const trio = ['sent', 'delivered', 'read'].map((status) => ({ id: 'wamid.out', status }))
    const delivery = whatsappDelivery({
      messages: [
        { text: 'a', id: 'm1' },
        { text: 'b', id: 'm2' },
      ],
      statuses: trio,
    })
    expect(delivery.ids).toEqual(['m1', 'm2', 'wamid.out', 'wamid.out', 'wamid.out'])
    const [messages, statuses] = valuesOf(delivery)
    expect(messages?.contacts).toHaveLength(1)
    expect(statuses?.statuses?.map(({ status }) => status)).toEqual(['sent', 'delivered', 'read'])
  })

  it('takes complete updates as they are', () => {
    const image = { ...whatsappMessage({ text: '' }), type: 'image', image: { id: '7' } }
    const failed = whatsappStatus({ status: 'failed', to: '+250788000009' })
    const [messages, statuses] = valuesOf(whatsappDelivery({ messages: [image], statuses: [failed] }))
    expect(messages?.messages).toEqual([image])
    expect(statuses?.statuses).toEqual([failed])
    expect(failed).toMatchObject({ recipient_id: '250788000009', errors: [{ code: 131026 }] })
  })

  it('makes a delivery of statuses only', () => {
    const values = valuesOf(whatsappDelivery({ statuses: [{}] }))
    expect(values).toHaveLength(1)
    expect(values[0]).not.toHaveProperty('messages')
  })

  it.each([
    ['nothing', undefined],
    ['messages that are no list', { messages: 'x' }],
    ['a name that it does not know', { message: 'x' }],
    ['a text that is none', { text: 5 }],
    ['a sender without digits', { text: 'x', from: 'somebody' }],
    ['a time with a fraction', { text: 'x', timestamp: 1.5 }],
  ])('refuses %s', (_what, options) => {
    expect(() => whatsappDelivery(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
})
