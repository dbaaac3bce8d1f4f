/** Lets so many in at a time; the others wait in order. */
export interface Slots {
  /** True when there is room: the caller is in. */
  take(): boolean
  /** Resolves when the caller is in. */
  free(): Promise<void>
  give(): void
}

export function createSlots(size: number): Slots {
  let left = size
  const waiting: (() => void)[] = []
  let next = 0
  return {
    take() {
      if (left === 0) return false
      left -= 1
      return true
    },
    free: () => new Promise((resolve) => waiting.push(resolve)),
    give() {
      const first = waiting[next]
      if (first === undefined) {
        left += 1
        return
      }
      // An index, not `shift`: a thousand updates may wait.
      next += 1
      first()
    },
  }
}
