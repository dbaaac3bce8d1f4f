import type { WhatsAppUpdate } from '@easymo/perf/webhook'
import { handled, type Tools } from './tools.ts'

/** A message of a person: their profile comes out of the cache, the answer would go out here. */
export default async function onMessage(update: WhatsAppUpdate, tools: Tools): Promise<void> {
  if (update.kind !== 'message') return
  const { from = '', text } = update.payload
  if (text?.body === 'fail once' && tools.attempt === 1) throw new Error('the first try fails')
  if (text?.body === 'poison') throw new Error('no try will succeed')
  const profile = await tools.profileByPhone(from)
  await handled(tools, update.key, { kind: 'message', userId: profile?.user_id })
}
