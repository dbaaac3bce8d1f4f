import fc from 'fast-check'

/** Bodies around what WhatsApp sends: nearly right, mutated, cut off, nested deep, or nothing of the kind. */

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** Few of them, so that the same ids meet within a body. */
const ids = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('wamid.A', 'wamid.B', 'wamid.C', 'wacid.D', 'ABGGFlA5Fpa') },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom('\u0000', 'a\u0000b', '\ud800', 'x\udfff', '__proto__', 'toString', ' ') },
  { weight: 1, arbitrary: fc.nat(3).map((at) => `${at}`.repeat(10_240)) },
)
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1.5, 1e300, '', [], {}, [[]], [null], { id: null }),
  fc.jsonValue({ maxDepth: 3 }),
)
const field = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: junk })
const times = fc.constantFrom<unknown>('1700000000', 1_700_000_000, '0', 'soon', '')
const users = fc.constantFrom('RW.1', 'RW.2', '')
const persons = fc.constantFrom('250788000001', '250788000002', '')

const items = field(
  fc.record(
    {
      id: field(ids),
      from: field(persons),
      to: field(persons),
      recipient_id: field(persons),
      recipient_participant_id: field(persons),
      wa_id: field(persons),
      user_id: field(persons),
      status: field(fc.constantFrom('sent', 'delivered', 'read', 'failed')),
      event: field(fc.constantFrom('connect', 'terminate')),
      timestamp: field(times),
      category: field(fc.constant('marketing_messages')),
      value: field(fc.constantFrom('stop', 'resume')),
      errors: field(fc.constant([{ code: 131026 }])),
      type: field(fc.constantFrom('text', 'message', 'payment', 'call', 'group_create')),
      group_id: field(persons),
      from_user_id: field(users),
      recipient_type: field(fc.constantFrom('individual', 'group')),
      participant_recipient_id: field(persons),
      recipient_user_id: field(users),
      history_context: field(fc.record({ status: field(fc.constantFrom('READ', 'SENT')) })),
      contact: field(fc.record({ phone_number: field(persons), user_id: field(users) })),
      metadata: field(fc.record({ timestamp: field(times) })),
    },
    { requiredKeys: [] },
  ),
)
const lists = field(fc.array(items, { maxLength: 6 }))
const threads = field(
  fc.array(field(fc.record({ id: field(persons), messages: lists, context: items }, { requiredKeys: [] })), {
    maxLength: 2,
  }),
)
const histories = field(
  fc.array(field(fc.record({ threads, errors: lists, metadata: junk }, { requiredKeys: [] })), { maxLength: 2 }),
)
const standbys = field(
  fc.record(
    { contacts: lists, messages: lists, statuses: lists, message_echoes: lists, of_tomorrow: junk },
    { requiredKeys: [] },
  ),
)
const values = field(
  fc.record(
    {
      metadata: field(fc.record({ phone_number_id: field(fc.constantFrom('1', '2')) })),
      contacts: lists,
      messages: lists,
      statuses: lists,
      errors: lists,
      calls: lists,
      message_echoes: lists,
      user_preferences: lists,
      state_sync: lists,
      groups: lists,
      user_id_update: lists,
      automatic_events: lists,
      history: histories,
      standby: standbys,
      of_tomorrow: junk,
      event: junk,
    },
    { requiredKeys: [] },
  ),
)
const changes = field(
  fc.record(
    { field: field(fc.constantFrom('messages', 'calls', 'standby', 'history', 'account_update')), value: values },
    { requiredKeys: [] },
  ),
)
const entries = field(
  fc.record(
    {
      id: field(fc.constantFrom('1', '2')),
      time: field(times),
      changes: field(fc.array(changes, { maxLength: 4 })),
    },
    { requiredKeys: ['changes'] },
  ),
)
const near = field(fc.record({ object: field(fc.constant('x')), entry: field(fc.array(entries, { maxLength: 4 })) }))

const REAL = {
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '102290129340398',
      changes: [
        {
          field: 'messages',
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
            contacts: [{ profile: { name: 'Somebody' }, wa_id: '250788000001' }],
            messages: [
              { from: '250788000001', id: 'wamid.A', timestamp: '1700000000', type: 'text', text: { body: 'hi' } },
              { from: '250788000001', id: 'wamid.B', timestamp: '1700000001', type: 'image', image: { id: '7' } },
            ],
          },
        },
        {
          field: 'messages',
          value: {
            metadata: { phone_number_id: '106540352242922' },
            statuses: [
              { id: 'wamid.C', status: 'sent', timestamp: '1700000002', recipient_id: '250788000002' },
              { id: 'wamid.C', status: 'read', timestamp: '1700000003', recipient_id: '250788000002' },
            ],
          },
        },
      ],
    },
    {
      id: '102290129340399',
      time: 1_700_000_004,
      changes: [
        { field: 'calls', value: { calls: [{ id: 'wacid.D', event: 'connect', from: '250788000001' }] } },
        { field: 'account_update', value: { event: 'VERIFIED_ACCOUNT', phone_number: '15550783881' } },
      ],
    },
  ],
}

/** Replaces the part of `value` that `path` leads to; each step picks one of the children there are. */
function replaced(value: unknown, path: readonly number[], by: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return by
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  const parts = copy as Record<string, unknown>
  parts[key] = replaced(parts[key], rest, by)
  return copy
}

const mutated = fc
  .array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), fc.oneof(junk, items, lists)), { maxLength: 3 })
  .map((mutations) => mutations.reduce((value, [path, by]) => replaced(value, path, by), REAL as unknown))

/** Deliveries before they are written: nearly right, or mutated. */
export const oddDeliveries: fc.Arbitrary<unknown> = fc.oneof(near, mutated)

const written = oddDeliveries.map((value) => encode(JSON.stringify(value)))

const deep = fc
  .record({
    depth: fc.constantFrom(1, 50, 3_000, 8_000, 60_000),
    ends: fc.constantFrom(['[', ']'], ['{"a":', '}']).map((ends) => [...ends]),
    place: fc.constantFrom('DEEP', '{"entry":DEEP}', '{"entry":[DEEP]}', '{"entry":[{"changes":[{"value":DEEP}]}]}'),
    kind: fc.constantFrom(
      '"messages":[{"id":"wamid.A","x":DEEP}]',
      '"errors":[{"x":DEEP},{}]',
      '"state_sync":[{"timestamp":1,"x":DEEP},{"timestamp":1}]',
      '"history":[{"threads":[{"messages":[{"id":"wamid.A","x":DEEP}]}]}]',
      '"standby":{"statuses":[{"id":"wamid.A","status":"failed","x":DEEP}]}',
      '"messages":DEEP',
      '"x":DEEP',
    ),
    wrapped: fc.boolean(),
  })
  .map(({ depth, ends: [open = '', close = ''], place, kind, wrapped }) => {
    const value = `{"statuses":[{"id":"wamid.C","status":"read"}],${kind}}`
    const body = wrapped ? `{"entry":[{"changes":[{"value":${value}},{"value":{"event":1}}]}]}` : place
    return encode(body.replace('DEEP', () => `${open.repeat(depth)}1${close.repeat(depth)}`))
  })

const cut = fc
  .tuple(written, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([bytes, share]) => bytes.slice(0, Math.floor(bytes.length * share)))

/** A byte of a body that means something else, or nothing, in UTF-8. */
const flipped = fc.tuple(written, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([bytes, at, by]) => {
  if (bytes.length > 0) bytes[at % bytes.length] = by
  return bytes
})

export const oddBodies: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.oneof(
  { weight: 12, arbitrary: written },
  { weight: 3, arbitrary: cut },
  { weight: 3, arbitrary: flipped },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: fc.json().map(encode) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)) },
  { weight: 1, arbitrary: written.map((bytes) => new Uint8Array([0xef, 0xbb, 0xbf, ...bytes])) },
)
