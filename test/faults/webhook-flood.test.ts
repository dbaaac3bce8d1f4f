import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { sign, whatsappDelivery } from '../../src/testing/index.ts'

const DELIVERIES = 200
const UPDATES = 1_000
/** A body of so many bytes at least: a message has a name, a phone number, a time and some text. */
const TEXT = 'Muraho, ndashaka kugenda '.repeat(6)

const children: ChildProcess[] = []
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')))

async function start(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const program = ['--max-old-space-size=256', '--import', 'tsx', 'test/support/flooded-service.ts']
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { url: line, child }
  throw new Error('the service did not start')
}

function body(delivery: number): string {
  const messages = Array.from({ length: UPDATES }, (_, at) => ({
    id: `${delivery}-${at}`,
    from: `25078${String(delivery * UPDATES + at).padStart(7, '0')}`,
    text: TEXT,
  }))
  return whatsappDelivery({ messages }).body
}

it('a flood of 200 deliveries of 1000 updates is handled once, in 256 MB of heap, by what is sent again', async () => {
  const { url, child } = await start()
  let shed = 0

  async function deliver(nth: number): Promise<void> {
    const text = body(nth)
    const headers = { 'x-hub-signature-256': await sign(text, 'secret') }
    for (;;) {
      const answer = await fetch(url, { method: 'POST', body: text, headers })
      await answer.text()
      if (answer.status === 200) return
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
      shed += 1
      await sleep(200 + 400 * Math.random())
    }
  }

  await Promise.all(Array.from({ length: DELIVERIES }, (_, nth) => deliver(nth)))
  const counts = (await (await fetch(url)).json()) as Record<string, number>
  expect(counts).toMatchObject({ handled: DELIVERIES * UPDATES, twice: 0, failed: 0, shed, late: 0 })
  expect(shed).toBeGreaterThan(0)
  expect(child.exitCode).toBeNull()
})
