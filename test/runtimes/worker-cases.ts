/** What must hold on Workers, told by requests to one that runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { must, tryCase, type CaseResult } from './report.ts'
import type { RemoteStore } from './remote-store.ts'
import { cacheCases } from './worker-cache-cases.ts'
import { httpCases } from './worker-http-cases.ts'
import { manyCases } from './worker-many-cases.ts'
import { metricsCases } from './worker-metrics-cases.ts'
import { poolCases } from './worker-pool-cases.ts'
import { ask, hasValue, shown, until, type Bench, type Case, type Cases } from './worker-requests.ts'
import { tierCases } from './worker-tier-cases.ts'
import type { Worker } from './workerd.ts'

const cases: Cases = {
  'an entry set at module scope is alive at the first request and gone one TTL after it': async ({ get }) => {
    const first = await get('/ttl/boot')
    must(first.body['value'] === 'here', `at the first request: ${shown([first])}`)
    await sleep(700)
    const later = await get('/ttl/boot')
    must(later.status === 200 && later.body['value'] === undefined, `one TTL later: ${shown([later])}`)
  },

  'an entry of 100 ms set in a request shorter than 1 ms is gone 500 ms later': async ({ get }) => {
    await get('/ttl/set?key=a')
    await sleep(500)
    const { body } = await get('/ttl/get?key=a')
    must(body['short'] === undefined && body['has'] === false, `still there: ${JSON.stringify(body)}`)
    must(body['long'] === 'long', `its neighbour of one minute is gone: ${JSON.stringify(body)}`)
  },

  'a load whose request ended poisons nothing: the next two requests get a value': async ({ get }) => {
    await get('/flight/start?key=b&ms=300')
    const answers = [await get('/flight/get?key=b&ms=20'), await get('/flight/get?key=b&ms=20')]
    must(answers.every(hasValue), shown(answers))
  },

  'two requests at the same time get a value after the load of an ended one': async ({ get }) => {
    await get('/flight/start?key=c&ms=300')
    const answers = await Promise.all([get('/flight/get?key=c&ms=20&stay=50'), get('/flight/get?key=c&ms=20&stay=50')])
    must(answers.every(hasValue), shown(answers))
  },

  'a request that ends while others wait for its load leaves them with a value': async ({ get }) => {
    const starter = get('/flight/start?key=d&ms=600&stay=150')
    await sleep(50)
    const answers = await Promise.all([get('/flight/get?key=d&ms=20&stay=50'), get('/flight/get?key=d&ms=20')])
    await starter
    must(answers.every(hasValue), shown(answers))
  },

  'a second request that took over and ended poisons nothing either': async ({ get }) => {
    await get('/flight/start?key=e&ms=5000')
    const second = get('/flight/start?key=e&ms=900&stay=700')
    const answers = await Promise.all([get('/flight/get?key=e&ms=20'), get('/flight/get?key=e&ms=20')])
    await second
    must(answers.every(hasValue), shown(answers))
  },

  'with waitUntil the load of an ended request goes on, and those who wait share it': async ({ get }) => {
    const before = await get('/counts')
    await get('/flight/start?key=f&ms=300&keep')
    const answers = await Promise.all([get('/flight/get?key=f&ms=20&keep'), get('/flight/get?key=f&ms=20')])
    const after = await get('/counts')
    must(answers.every(hasValue), shown(answers))
    must(Number(after.body['loads']) - Number(before.body['loads']) === 1, `not one load: ${shown([before, after])}`)
  },

  'a herd on a slow load of a living request makes one load': async ({ get }) => {
    const before = await get('/counts')
    const answers = await Promise.all(Array.from({ length: 30 }, () => get('/flight/get?key=g&ms=1200&stay=20')))
    const after = await get('/counts')
    must(answers.every(hasValue), shown(answers))
    must(Number(after.body['loads']) - Number(before.body['loads']) === 1, `not one load: ${shown([before, after])}`)
  },

  'who waited goes on in its own request after the one that loaded has ended': async ({ get }) => {
    const starter = get('/flight/get?key=h&ms=200')
    await sleep(50)
    const [joined] = await Promise.all([get('/flight/get?key=h&ms=20&stay=400'), starter])
    must(hasValue(joined), shown([joined]))
  },

  'a load that fails is told to all who wait, and the next request loads anew': async ({ get }) => {
    const answers = await Promise.all([get('/flight/get?key=i&ms=200&fails'), get('/flight/get?key=i&ms=200&fails')])
    must(
      answers.every(({ status, body }) => status === 500 && /load failed/.test(String(body['error']))),
      shown(answers),
    )
    const next = await get('/flight/get?key=i&ms=20')
    must(hasValue(next), shown([next]))
  },

  'requests that end just as their load does leave no trace': async ({ get }) => {
    for (let round = 0; round < 12; round += 1) {
      const starter = get(`/flight/start?key=j${round}&ms=60&stay=${57 + (round % 6)}`)
      await sleep(20)
      const answers = await Promise.all([1, 2, 3].map(() => get(`/flight/get?key=j${round}&ms=10&stay=10`)))
      await starter
      must(answers.every(hasValue), `round ${round}: ${shown(answers)}`)
    }
  },

  'an update whose request ended unfinished keeps nobody waiting without end': async ({ get }) => {
    await get('/dedup/start?key=k&ms=300')
    const answers = await Promise.all([get('/dedup/get?key=k&ms=20'), get('/dedup/get?key=k&ms=20&stay=20')])
    must(
      answers.every(({ status }) => status === 200),
      shown(answers),
    )
  },

  'an update that a living request works on is done once, and the others hear of it': async ({ get }) => {
    const before = await get('/counts')
    const answers = await Promise.all([1, 2, 3].map(() => get('/dedup/get?key=l&ms=200&stay=50')))
    const after = await get('/counts')
    const statuses = answers.map(({ body }) => body['status']).sort()
    must(statuses.join() === 'done,duplicate,duplicate', shown(answers))
    must(Number(after.body['handled']) - Number(before.body['handled']) === 1, `not once: ${shown([before, after])}`)
  },

  'an update kept by waitUntil is finished after its request, and the next one is a duplicate': async ({ get }) => {
    await get('/dedup/start?key=m&ms=200&keep')
    const answer = await get('/dedup/get?key=m&ms=20')
    must(answer.body['status'] === 'duplicate', shown([answer]))
  },

  'a lazy handler whose load began in an ended request is loaded by the next one': async ({ get }) => {
    await get('/lazy/start')
    const answers = await Promise.all([get('/lazy/get'), get('/lazy/get')])
    must(answers.every(hasValue), shown(answers))
  },

  'a warm-up that began in an ended request is run by the next one': async ({ get }) => {
    await get('/warmup/start')
    const answers = await Promise.all([get('/warmup/get'), get('/warmup/get')])
    must(
      answers.every(({ status, body }) => status === 200 && body['value'] === 'true'),
      shown(answers),
    )
  },

  'a health check that began in an ended request does not make the next one fail': async ({ get }) => {
    await get('/health/start')
    const answers = await Promise.all([get('/health/get'), get('/health/get')])
    must(
      answers.every(({ status, body }) => status === 200 && body['value'] === '200'),
      shown(answers),
    )
  },

  'a stale entry whose refresh ended with its request is refreshed by a later one': async ({ get }) => {
    const first = await get('/stale/get?key=n')
    await sleep(150)
    const second = await get('/stale/get?key=n')
    must(second.body['value'] === first.body['value'], `stale was not served at once: ${shown([first, second])}`)
    const refreshed = await until(
      async () => (await get('/stale/get?key=n&keep')).body['value'] !== first.body['value'],
    )
    must(refreshed, 'the entry stayed stale')
  },

  'one delivery posted twice at the same time is handled once, and both are answered 200': async ({ get }) => {
    const before = await get('/counts')
    const answers = await Promise.all([get('/door?key=o&ms=200'), get('/door?key=o&ms=200')])
    const after = await get('/counts')
    must(
      answers.every(({ body }) => body['answer'] === 200),
      shown(answers),
    )
    must(Number(after.body['handled']) - Number(before.body['handled']) === 1, `not once: ${shown([before, after])}`)
  },

  'a delivery that takes too long is answered 503, goes on, and its resend finds it done': async ({ get }) => {
    const before = await get('/counts')
    const late = await get('/door?key=p&ms=2500')
    must(late.body['answer'] === 503, shown([late]))
    must((await get('/counts')).body['handled'] === before.body['handled'], 'the answer came after the work')
    must(
      await until(async () => (await get('/door?key=p&ms=2500')).body['answer'] === 200),
      'the resends never got 200',
    )
    const after = await get('/counts')
    must(Number(after.body['handled']) - Number(before.body['handled']) === 1, `not once: ${shown([before, after])}`)
  },

  'a delivery whose client went away is finished all the same, once': async ({ worker, get }) => {
    const before = await get('/counts')
    const gone = fetch(`${worker.url}/door?key=q&ms=500`, { signal: AbortSignal.timeout(100) })
    must(
      await gone.then(
        () => false,
        () => true,
      ),
      'the client was answered before it left',
    )
    must(await until(async () => (await get('/door?key=q&ms=500')).body['answer'] === 200), 'the resends never got 200')
    const after = await get('/counts')
    must(Number(after.body['handled']) - Number(before.body['handled']) === 1, `not once: ${shown([before, after])}`)
  },
}

export async function workerCases(worker: Worker, store: RemoteStore): Promise<CaseResult[]> {
  const get = (path: string): ReturnType<typeof ask> => ask(worker, path)
  const bench: Bench = { worker, get, store }
  // Side by side, because they spend their time waiting; no group counts what another one does.
  const groups = [cases, cacheCases, manyCases, tierCases, httpCases, metricsCases, poolCases].map((group) =>
    oneByOne(group, bench),
  )
  const results = (await Promise.all(groups)).flat()
  const suite = await get('/suite')
  must(suite.status === 200, `the suite did not run: ${shown([suite])}`)
  results.push(...(suite.body['results'] as CaseResult[]))
  results.push(await tryCase('no rejection was left unhandled', () => nothingUnhandled(bench)))
  return results
}

async function oneByOne(group: Cases, bench: Bench): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const [name, run] of Object.entries(group)) results.push(await tryCase(name, () => run(bench)))
  return results
}

const nothingUnhandled: Case = async ({ worker, get }) => {
  const { body } = await get('/counts')
  must(JSON.stringify(body['unhandled']) === '[]', JSON.stringify(body['unhandled']))
  must(!/uncaught/i.test(worker.log()), worker.log())
}
