import { isSent, textOf, written } from './whatsapp-fields.ts'
import type { Beside } from './whatsapp-found.ts'
import type { Take } from './whatsapp-items.ts'
import type { Sent } from './whatsapp-types.ts'

/** The lists whose items have ids that no other update has. */
const NAMED: ReadonlySet<string> = new Set(['calls', 'messages', 'statuses', 'message_echoes'])

/** An error does not say what it is about: what stands beside it does, such as the call that failed, and is a part of it. */
export const takeError: Take = (found, item, place) => {
  const { holder } = place
  const about = found.besides.get(holder) ?? lookBeside(holder)
  found.besides.set(holder, about)
  if (about.text === undefined) return found.refuse('too_deep', item)
  found.pushNameless('error', { item, place }, { beside: about.text, named: about.named })
}

/** Items count in no order: where a batch puts them says nothing. */
function lookBeside(holder: Sent): Beside {
  const parts: unknown[] = []
  let named = false
  for (const name of Object.keys(holder)) {
    if (name === 'errors') continue
    const value = holder[name]
    if (!Array.isArray(value)) {
      parts.push([name, value])
      continue
    }
    const items = value as unknown[]
    if (NAMED.has(name)) named ||= items.some((item) => isSent(item) && textOf(item['id']) !== undefined)
    const texts = items.map(written)
    if (texts.includes(undefined)) return { text: undefined, named }
    parts.push([name, texts.sort()])
  }
  return { text: written(parts), named }
}
