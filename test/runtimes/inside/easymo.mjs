// A service in the preset's names (examples/easymo/service.ts, its types taken away), as it stands, on any runtime.
import { whatsappDelivery } from '@easymo/perf/testing'
import { createService } from './easymo-service.mjs'

const env = {
  SUPABASE_URL: 'http://localhost',
  SUPABASE_SERVICE_ROLE_KEY: 'service-role',
  METRICS_TOKEN: 'scrape',
}

const asked = []

/** What supabase-js makes, with a server behind its fetch. */
function createClient(url, key, settings) {
  if (url !== env.SUPABASE_URL || key !== env.SUPABASE_SERVICE_ROLE_KEY) throw new Error(`made for ${url}`)
  if (settings.auth.persistSession !== false) throw new Error('it would keep a session')
  return {
    rpc() {},
    from: (table) => ({
      url: `${url}/rest/v1/${table}`,
      headers: { apikey: key },
      fetch: async (address) => {
        asked.push(String(address))
        return Response.json([{ user_id: 'u1', full_name: 'Aline', language: 'rw' }])
      },
    }),
  }
}

const service = createService(createClient)
// A platform hands in an object of its own with every request.
const call = (path, init) => service(new Request(`http://localhost/functions/v1${path}`, init), { ...env })

function mustBe(actual, expected) {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== wanted) throw new Error(`it is ${is} and not ${wanted}`)
}

const cases = {
  'a message is answered in its words, and its resend is known': async () => {
    const { body } = whatsappDelivery({ text: 'muraho', from: '250788000001' })
    const post = () => call('/webhook', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    const first = await post()
    mustBe(await first.json(), { success: true, replies: [{ to: '250788000001', text: 'Muraho Aline' }] })
    mustBe(await (await post()).json(), { success: true, duplicate: true, message: 'Request already processed' })
  },
  'the profile is read once for two messages, though every request configures anew': async () => {
    const { body } = whatsappDelivery({ text: 'again', from: '250788000001' })
    const second = await call('/webhook', { method: 'POST', body })
    mustBe((await second.json()).replies[0].text, 'Muraho Aline')
    mustBe(asked.length, 1)
  },
  'an id is seen once': async () => {
    const seen = async () => (await call('/seen', { headers: { 'x-request-id': 'r1' } })).json()
    mustBe((await seen()).isDuplicate, false)
    mustBe((await seen()).isDuplicate, true)
  },
  'metrics are for who has the token, and hold what the service counted': async () => {
    mustBe((await call('/metrics?format=prometheus')).status, 401)
    const page = await call('/metrics?format=prometheus', { headers: { authorization: 'Bearer scrape' } })
    const text = await page.text()
    for (const line of [
      /^messages_total\{service="wa-easymo",known="true"\} 2$/m,
      /^cold_starts_total\{service="wa-easymo"\} 1$/m,
      /^profile_lookup_duration_seconds_count\{service="wa-easymo",success="true"\} 2$/m,
      /^http_requests_total\{service="wa-easymo",method="POST",status="200",route="\/functions\/v1\/webhook"\} 3$/m,
      /^cache_hits_total\{service="wa-easymo",cache="profile"\} 1$/m,
      /^lazy_handler_loaded\{service="wa-easymo",lazy="handlers",handler="greet"\} 1$/m,
    ])
      if (!line.test(text)) throw new Error(`${line} is not in\n${text}`)
  },
  'health says that it is warm': async () => {
    const { status, service: name, warmedUp } = await (await call('/health')).json()
    mustBe([status, name, warmedUp], ['healthy', 'wa-easymo', true])
    mustBe((await call('/health/live')).status, 200)
    mustBe((await call('/elsewhere')).status, 401)
  },
}

export async function runEasymo() {
  const results = []
  for (const [what, run] of Object.entries(cases)) {
    const name = `easymo: ${what}`
    try {
      await run()
      results.push({ name })
    } catch (error) {
      results.push({ name, error: String(error?.stack ?? error) })
    }
  }
  return results
}
