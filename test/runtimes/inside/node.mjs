// What holds on Node alone: require() and import give one copy of everything. Prints the results as one line of JSON.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const subpaths = JSON.parse(process.argv[2])
const results = []

for (const subpath of subpaths) {
  const name = `require('${subpath}') is what import gives`
  try {
    const [required, imported] = [require(subpath), await import(subpath)]
    const names = Object.keys(imported)
    if (names.length === 0) throw new Error('it exports nothing')
    const other = names.filter((exported) => required[exported] !== imported[exported])
    if (other.length > 0) throw new Error(`another copy of ${other.join(', ')}`)
    results.push({ name })
  } catch (error) {
    results.push({ name, error: String(error?.stack ?? error) })
  }
}

// A name that several entries export must be the same thing in all of them: a second copy has a state of its own.
const seen = new Map()
const copies = []
// The preset's services know these by the names of the rooms', though each is the room's over the preset's own state.
const PRESETS_OWN = ['cacheMiddleware', 'createCache', 'deduplicationMiddleware', 'performanceMiddleware', 'query']
for (const subpath of subpaths)
  for (const [name, value] of Object.entries(await import(subpath).catch(() => ({})))) {
    if (typeof value !== 'function') continue
    if (subpath.endsWith('/easymo') && PRESETS_OWN.includes(name)) continue
    const [first, where] = seen.get(name) ?? [value, subpath]
    seen.set(name, [first, where])
    if (first !== value) copies.push(`${name} of ${where} is not ${name} of ${subpath}`)
  }
results.push({
  name: 'what several entries export is one thing',
  ...(copies.length > 0 ? { error: copies.join('\n') } : {}),
})

results.push(
  await servesOverHttp().then(
    () => ({ name: 'toNode serves the door' }),
    (error) => ({ name: 'toNode serves the door', error: String(error?.stack ?? error) }),
  ),
)

async function servesOverHttp() {
  const { listener, secret } = await import('./house.mjs')
  const { sign, whatsappDelivery } = await import('@easymo/perf/testing')
  const server = createServer(listener)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { body } = whatsappDelivery({ text: 'muraho', from: '250788000002' })
    const url = `http://127.0.0.1:${server.address().port}/webhook`
    const statuses = []
    for (const key of [secret, secret, 'another secret']) {
      const headers = { 'x-hub-signature-256': await sign(body, key) }
      statuses.push((await fetch(url, { method: 'POST', body, headers })).status)
    }
    if (statuses.join() !== '200,200,401') throw new Error(`it answered ${statuses.join()}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

console.log(JSON.stringify(results))
