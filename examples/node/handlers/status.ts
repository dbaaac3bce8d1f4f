import type { WhatsAppUpdate } from '@easymo/perf/webhook'
import { handled, type Tools } from './tools.ts'

/** Sent, delivered, read: each one is an update of its own. */
export default async function onStatus(update: WhatsAppUpdate, tools: Tools): Promise<void> {
  await handled(tools, update.key, { kind: update.kind })
}
