import fc from 'fast-check'
import { expect } from 'vitest'
import { NONE, type Order } from '../../src/cache/order.ts'
import type { PlainOrder } from './plain-orders.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')

type Step =
  { readonly do: 'use' | 'look' | 'keep' | 'remove'; readonly key: string } | { readonly do: 'evict' | 'clear' }

/** What may happen to an order; `keep` makes room first, as a cache does. */
export const orderSteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('use' as const, 'keep' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('look' as const, 'remove' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('evict' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'evict' as const) }) },
  ),
  { maxLength: 120, size: 'max' },
)

/** Takes the steps on both sides; they must agree on every answer, every victim and everybody's slot. */
export function agree(order: Order, plain: PlainOrder, { steps, most }: { steps: Step[]; most: number }): void {
  const slots = new Map<string, number>()
  const slotOf = (name: string): number => slots.get(name) ?? NONE
  const free = Array.from({ length: most }, (_, slot) => most - 1 - slot)
  const leave = (name: string): number => {
    const slot = slotOf(name)
    slots.delete(name)
    if (slot !== NONE) free.push(slot)
    return slot
  }
  const evict = (): void => expect(order.evict()).toBe(leave(plain.evict() ?? ''))
  const add = (name: string): void => {
    if (plain.keys.length === most) evict()
    const slot = free.pop() ?? NONE
    slots.set(name, slot)
    plain.add(name)
    order.add(name, slot)
  }
  const use = (name: string): void => {
    plain.use(name)
    expect(order.use(name)).toBe(slotOf(name))
  }
  for (const step of steps) {
    if (step.do === 'use') use(step.key)
    else if (step.do === 'look') expect(order.look(step.key)).toBe(slotOf(step.key))
    else if (step.do === 'keep') (slots.has(step.key) ? use : add)(step.key)
    else if (step.do === 'evict') evict()
    else if (step.do === 'remove') {
      plain.remove(step.key)
      expect(order.remove(step.key)).toBe(leave(step.key))
    } else {
      for (const name of plain.keys) leave(name)
      plain.clear()
      order.clear()
    }
    expect(order.size).toBe(plain.keys.length)
    for (const name of slots.keys()) expect(order.look(name)).toBe(slotOf(name))
  }
}
