/** What a client of the real supabase-js leaves behind: its timers, counted where they are set. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from '@easymo/perf/pool'
import { supabaseClients } from '@easymo/perf/supabase'
import { createClient } from '@supabase/supabase-js'
import { judge, type Comparison } from './harness.ts'

const CLIENTS = 50
const [url, key] = ['http://127.0.0.1:9', 'key']

/** Intervals that `work` has left running a while after. */
async function intervalsOf(work: () => unknown): Promise<number> {
  const live = new Set<unknown>()
  const { setInterval, clearInterval } = globalThis
  globalThis.setInterval = ((...args: Parameters<typeof setInterval>) => {
    const timer = setInterval(...args)
    live.add(timer)
    // The process must end.
    timer.unref()
    return timer
  }) as typeof setInterval
  globalThis.clearInterval = ((timer: NodeJS.Timeout) => {
    live.delete(timer)
    clearInterval(timer)
  }) as typeof clearInterval
  try {
    await work()
    await sleep(200)
    return live.size
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval })
  }
}

class Transport {}

export async function supabase(): Promise<Comparison> {
  const plain = await intervalsOf(() => {
    for (let i = 0; i < CLIENTS; i += 1) createClient(url, key, { realtime: { transport: Transport } })
  })
  const pool = createPool({ ...supabaseClients({ url, key, createClient }), maxClients: CLIENTS })
  const ours = await intervalsOf(async () => {
    for (let i = 0; i < CLIENTS; i += 1) await pool.use(() => undefined, { target: { schema: `tenant${i}` } })
  })
  const made = pool.stats().size
  await pool.drain()
  return judge(`${CLIENTS} clients of supabase-js, on a Node with${'WebSocket' in globalThis ? '' : 'out'} WebSocket`, [
    { of: 'createClient, defaults', value: plain, unit: 'intervals left' },
    { of: 'supabaseClients', value: ours, unit: 'intervals left', atMost: 0 },
    { of: 'supabaseClients', value: made, unit: 'clients made', atLeast: CLIENTS },
  ])
}
