type Sent = Record<string, unknown>

const LISTS = [
  ...['messages', 'statuses', 'errors', 'calls', 'message_echoes', 'user_preferences', 'state_sync'],
  ...['groups', 'user_id_update', 'automatic_events', 'history', 'contacts'],
]

const isObject = (value: unknown): value is Sent => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Puts a list into an order that `seed` says. */
function turned(list: readonly unknown[], seed: number): unknown[] {
  const left = [...list]
  const out: unknown[] = []
  for (let turn = seed; left.length > 0; turn = (turn * 31 + 17) % 65_537)
    out.push(...left.splice(turn % left.length, 1))
  return out
}

/** The same delivery, with its entries, changes, items and contacts in another order. */
export function shuffled(body: unknown, seed: number): unknown {
  /** Turns the list of that name in an object, and then each of its items. */
  function within(sent: unknown, name: string, each: (item: unknown) => unknown = (item) => item): unknown {
    if (!isObject(sent) || !Array.isArray(sent[name])) return sent
    return { ...sent, [name]: turned(sent[name] as unknown[], seed).map(each) }
  }

  const chunk = (sent: unknown): unknown =>
    // What an error is about holds what stands beside it as it was sent.
    isObject(sent) && 'errors' in sent
      ? within(sent, 'errors')
      : within(sent, 'threads', (thread) => within(thread, 'messages'))

  function value(sent: Sent): unknown {
    // The errors of an alert are a part of it.
    const names = typeof sent['event'] === 'string' ? LISTS.filter((name) => name !== 'errors') : LISTS
    const lists = names.reduce<unknown>((all, name) => within(all, name), sent)
    if ('errors' in sent) return lists
    const deeper = within(lists, 'history', chunk)
    return isObject(sent['standby']) ? { ...(deeper as Sent), standby: value(sent['standby']) } : deeper
  }

  const change = (sent: unknown): unknown =>
    isObject(sent) && isObject(sent['value']) ? { ...sent, value: value(sent['value']) } : sent
  return within(body, 'entry', (entry) => within(entry, 'changes', change))
}
