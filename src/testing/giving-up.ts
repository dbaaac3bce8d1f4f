import type { StoreCallOptions } from '../core/deadline.ts'

type Moment = 'before' | 'at once' | 'later'

/** The options of a call that is given up: before it was made, while it is made, or a turn after. */
export function heard(when: Moment): StoreCallOptions {
  return {
    onGiveUp(listener) {
      if (when === 'before') listener()
      else if (when === 'at once') queueMicrotask(listener)
      else void later(2).then(listener)
    },
  }
}

/** The options of a call that is given up when a case says so. */
export const givenUpByHand = (): { readonly options: StoreCallOptions; readonly giveUp: () => void } => {
  const listeners: (() => void)[] = []
  return {
    options: { onGiveUp: (listener) => void listeners.push(listener) },
    giveUp: () => listeners.forEach((listener) => listener()),
  }
}

/** Nobody waits for such an answer, but it must not stay away: something would be held for ever. */
export async function mustSettle(call: () => Promise<unknown>): Promise<void> {
  await call().catch(() => undefined)
}

async function later(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await undefined
}
