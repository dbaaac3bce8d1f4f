import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { listen } from '../../test/support/node-server.ts'
import { OptionError } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { toNode, type ToNodeOptions } from './index.ts'

const failing = (): Response => {
  throw new TypeError('what went wrong')
}

async function failed(options: ToNodeOptions): Promise<Fact[]> {
  const facts: Fact[] = []
  const host = createHost({ observe: (fact) => facts.push(fact) })
  const { url } = await listen(toNode(failing, { ...options, host }))
  const answer = await fetch(`${url}/path?secret`)
  expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error\n'])
  return facts
}

describe('a handler that fails', () => {
  it('is printed', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => printed.mockRestore())
    expect(await failed({})).toEqual([{ name: 'http.failed' }])
    expect(printed.mock.calls).toEqual([[new TypeError('what went wrong')]])
  })

  it('is told to onError instead, with its request', async () => {
    const told: unknown[] = []
    await failed({ onError: (error, request) => told.push([error, request.method, new URL(request.url).pathname]) })
    expect(told).toEqual([[new TypeError('what went wrong'), 'GET', '/path']])
  })

  it('is answered for although onError fails, at once or later', async () => {
    await failed({ onError: failing })
    await failed({ onError: () => Promise.reject(new Error('later')) })
  })
})

it('takes a function alone for onError', () => {
  for (const onError of [null, 'console', {}])
    expect(() => toNode(failing, { onError: onError as never })).toThrow(OptionError)
})
