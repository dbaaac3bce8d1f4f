import fc from 'fast-check'
import { expect, it } from 'vitest'
import { agree, orderSteps } from '../../test/support/order-steps.ts'
import { plainLru } from '../../test/support/plain-orders.ts'
import { LruOrder } from './lru-order.ts'
import { NONE } from './order.ts'

it('evicts what a plain array of keys would, least recently used first', () => {
  fc.assert(
    fc.property(orderSteps, fc.integer({ min: 1, max: 6 }), (steps, most) => {
      agree(new LruOrder(most), plainLru(), { steps, most })
    }),
    { numRuns: 500 },
  )
})

it('gives no slot for what is not there, and has nobody to evict when it is empty', () => {
  const order = new LruOrder(2)
  expect([order.use('k'), order.look('k'), order.remove('k'), order.evict(), order.size]).toEqual([
    NONE,
    NONE,
    NONE,
    NONE,
    0,
  ])
})

it('gives slot 0 for what it is', () => {
  const order = new LruOrder(2)
  order.add('k', 0)
  expect([order.use('k'), order.look('k'), order.remove('k')]).toEqual([0, 0, 0])
  order.add('k', 0)
  expect(order.evict()).toBe(0)
})
