import { whatsappDelivery, whatsappMessage, whatsappStatus } from '@easymo/perf/testing'
import type { Answer, Client } from './client.ts'

/** What was sent, so that it can be compared with what was handled. */
export interface Sent {
  readonly keys: Set<string>
  readonly poison: Set<string>
  readonly cold: Answer[]
  readonly warm: Answer[]
  forgedStatus: number
}

export const PEOPLE = Array.from({ length: 40 }, (_, at) => `2507880000${String(at).padStart(2, '0')}`)

type Say = (what: string) => void

/** Sends everything that a provider sends in a bad week, and remembers it. */
export async function sendTraffic(client: Client, say: Say): Promise<Sent> {
  const sent: Sent = { keys: new Set(), poison: new Set(), cold: [], warm: [], forgedStatus: 0 }
  const remember = (body: string): string => {
    for (const key of keysOf(body)) sent.keys.add(key)
    return body
  }
  const texts = (text: string): string[] => PEOPLE.map((from) => remember(whatsappDelivery({ text, from }).body))

  say('single messages, from people seen for the first time')
  const first = texts('muraho')
  sent.cold.push(...(await client.sendAll(first)))
  say('single messages, from people whose profile is cached')
  for (const text of ['amakuru', 'ndashaka moto', 'murakoze']) sent.warm.push(...(await client.sendAll(texts(text))))

  say('a batch of 200 messages in one delivery')
  const messages = Array.from({ length: 200 }, (_, at) =>
    whatsappMessage({ text: `batch ${at}`, from: PEOPLE[at % 40] ?? '' }),
  )
  const batch = remember(whatsappDelivery({ messages }).body)
  await client.send(batch)
  say('trios of sent, delivered and read')
  const trios = PEOPLE.map((to) => remember(trio(to)))
  await client.sendAll(trios)

  say('resends of what was answered already')
  await client.sendAll([...first, ...trios, batch])
  say('the same delivery twice at the same time')
  const twice = remember(whatsappDelivery({ text: 'twice', from: PEOPLE[0] ?? '' }).body)
  await client.sendAll([twice, twice])

  say('a forged signature')
  sent.forgedStatus = (
    await client.send(whatsappDelivery({ text: 'forged', from: PEOPLE[0] ?? '' }).body, 'not the secret')
  ).status
  say('a handler that fails once, and the resend')
  await resendUntilDone(client, remember(whatsappDelivery({ text: 'fail once', from: PEOPLE[1] ?? '' }).body))
  say('a poison message, until it is parked')
  const poison = whatsappDelivery({ text: 'poison', from: PEOPLE[2] ?? '' }).body
  for (const key of keysOf(poison)) sent.poison.add(key)
  await resendUntilDone(client, poison)
  return sent
}

function trio(to: string): string {
  const { id } = whatsappStatus({ to, status: 'sent' })
  const statuses = (['sent', 'delivered', 'read'] as const).map((status) => whatsappStatus({ to, status, id }))
  return whatsappDelivery({ statuses }).body
}

/** As the provider does, but without its patience of a week. */
async function resendUntilDone(client: Client, body: string): Promise<void> {
  for (let attempt = 1; attempt <= 10; attempt += 1) if ((await client.send(body)).status === 200) return
}

interface Payload {
  readonly entry: readonly { readonly changes: readonly { readonly value: Value }[] }[]
}
interface Value {
  readonly messages?: readonly { readonly id: string }[]
  readonly statuses?: readonly { readonly id: string; readonly status: string }[]
}

/** The keys of a delivery, worked out here on our own: behind the name of the door. */
function keysOf(body: string): string[] {
  const values = (JSON.parse(body) as Payload).entry.flatMap((entry) => entry.changes.map((change) => change.value))
  return values.flatMap(({ messages = [], statuses = [] }) => [
    ...messages.map(({ id }) => `whatsapp:m:${id}`),
    ...statuses.map(({ id, status }) => `whatsapp:s:${id}:${status}`),
  ])
}
