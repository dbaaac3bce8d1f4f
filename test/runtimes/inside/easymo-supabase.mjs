// The program over the real supabase-js: its requests are answered here, in the form that PostgREST has.
import { createClient as create } from '@supabase/supabase-js'
import { resetEasymo } from '@easymo/perf/easymo'
import { whatsappDelivery } from '@easymo/perf/testing'
import { startProgram } from './easymo-program.mjs'

const env = { SUPABASE_URL: 'http://localhost:9', SUPABASE_SERVICE_ROLE_KEY: 'service-role' }
const asked = []
let broken = false

const json = (body, init) => Response.json(body, init)
const trip = (id, north) => ({ id, status: 'open', pickup_lat: -1.9441 + north, pickup_lng: 30.0619 })

/** What a PostgREST with a few rows says; one without the function for drivers. */
async function postgrest(address) {
  const url = new URL(typeof address === 'string' ? address : (address.url ?? address))
  asked.push(url.pathname)
  if (broken) return json({ message: 'upstream' }, { status: 503 })
  switch (url.pathname) {
    case '/rest/v1/profiles':
      return json([{ user_id: 'u1', full_name: 'Aline', wa_id: '250788000001' }])
    case '/rest/v1/app_config':
      return json([{ key: 'fares', value: { base: 500 } }])
    case '/rest/v1/trips':
      return json([trip(1, 0.002), trip(2, 0.001)], { headers: { 'content-range': '0-1/7' } })
    default:
      return json({ code: 'PGRST202', message: 'no such function' }, { status: 404 })
  }
}

const createClient = (url, key, settings) => create(url, key, { ...settings, global: { fetch: postgrest } })

function mustBe(actual, expected) {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== wanted) throw new Error(`it is ${is} and not ${wanted}`)
}

const bearer = { authorization: 'Bearer service-role' }

function cases() {
  resetEasymo()
  const serve = startProgram({ createClient, env })
  const get = async (path, headers = {}) => serve(new Request(`http://localhost/fn${path}`, { headers }))
  const post = async (body) => serve(new Request('http://localhost/fn/webhook', { method: 'POST', body }))
  const { body } = whatsappDelivery({ text: 'muraho', from: '250788000001' })

  return {
    'cold, it shows four caches, the pool and the service with zeros': async () => {
      mustBe((await get('/metrics')).status, 401)
      const page = await (await get('/metrics', bearer)).json()
      const cold = { hits: 0, misses: 0, size: 0, hitRate: 0, evictions: 0 }
      const { profile, state, config, location } = page.cache
      mustBe([profile, state, config, location], [cold, cold, cold, cold])
      mustBe([page.clientPool.size, page.clientPool.totalUses], [0, 0])
      mustBe(page.metrics.counters['http_requests_total{service="wa-webhook-core",status="200"}'], 0)
      mustBe(page.metrics.histograms.http_request_duration_ms.count, 0)
    },
    'an error of the database is no profile that is missing': async () => {
      broken = true
      let failed
      await post(body).catch((error) => (failed = error.code))
      mustBe(failed, 'ERR_PERF_STORE_UNAVAILABLE')
      broken = false
    },
    'a message is answered, and its resend is known': async () => {
      // Another id: the first one was marked by checkDuplicate before its work was done.
      const next = whatsappDelivery({ text: 'muraho', from: '250788000001' }).body
      mustBe(await (await post(next)).json(), { success: true, reply: 'Muraho Aline' })
      mustBe(await (await post(next)).json(), { success: true, duplicate: true, message: 'Request already processed' })
    },
    'settings, pages and drivers come in the form of the services': async () => {
      mustBe(await (await get('/fares')).json(), { fares: { base: 500 } })
      mustBe((await get('/fares')).headers.get('x-cache'), 'HIT')
      const { data, error, count } = await (await get('/trips')).json()
      mustBe([data.length, error, count], [2, null, 7])
      mustBe(await (await get('/drivers')).json(), [{ id: 2, distance: 111 }, { id: 1, distance: 222 }]) // prettier-ignore
      mustBe(asked.includes('/rest/v1/rpc/find_nearby_drivers'), true)
    },
    'handlers are loaded, work is counted, and it is warm': async () => {
      const { loaded, exports, hits } = await (await get('/preload')).json()
      mustBe([loaded, exports, hits], [true, ['greet'], 1])
      const page = await (await get('/metrics', bearer)).json()
      mustBe(page.metrics.counters['handler_calls_total{handler="webhook_processing",outcome="ok"}'], 1)
      mustBe([page.handlers['core:home'].loaded, page.handlers['core:router'].loaded], [true, true])
      const { service, warmedUp } = await (await get('/health')).json()
      mustBe([service, warmedUp], ['wa-webhook-core', true])
    },
  }
}

export async function runSupabase() {
  const results = []
  for (const [what, run] of Object.entries(cases())) {
    const name = `easymo on supabase-js: ${what}`
    try {
      await run()
      results.push({ name })
    } catch (error) {
      results.push({ name, error: String(error?.stack ?? error) })
    }
  }
  return results
}
