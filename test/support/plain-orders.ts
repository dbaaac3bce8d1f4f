/** What an order of eviction does, on a plain array of keys: the next to go is looked for, never linked. */
export interface PlainOrder {
  readonly keys: readonly string[]
  use(key: string): void
  add(key: string): void
  remove(key: string): void
  /** The key that goes. */
  evict(): string | undefined
  clear(): void
}

/** Least recently used first. */
export function plainLru(): PlainOrder {
  let keys: string[] = []
  const remove = (key: string): void => void (keys = keys.filter((other) => other !== key))
  return {
    get keys() {
      return keys
    },
    use(key) {
      if (!keys.includes(key)) return
      remove(key)
      keys.push(key)
    },
    add: (key) => void keys.push(key),
    remove,
    evict: () => keys.shift(),
    clear: () => void (keys = []),
  }
}

/** SIEVE as its paper tells it: a queue from its tail to its head, visited ones, and a hand on one of them. */
export function plainSieve(): PlainOrder {
  let keys: string[] = []
  let visited = new Set<string>()
  let hand: string | undefined
  const remove = (key: string): void => {
    if (hand === key) hand = keys[keys.indexOf(key) + 1]
    keys = keys.filter((other) => other !== key)
    visited.delete(key)
  }
  return {
    get keys() {
      return keys
    },
    use: (key) => void (keys.includes(key) && visited.add(key)),
    add: (key) => void keys.push(key),
    remove,
    evict() {
      let object = hand ?? keys[0]
      while (object !== undefined && visited.delete(object)) object = keys[keys.indexOf(object) + 1] ?? keys[0]
      if (object === undefined) return undefined
      hand = object
      remove(object)
      return object
    },
    clear() {
      keys = []
      visited = new Set()
      hand = undefined
    },
  }
}
