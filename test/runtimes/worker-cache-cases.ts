/** What must hold on Workers for caches of one process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from './report.ts'
import { hasValue, shown, until, type Answer, type Case, type Cases, type Get } from './worker-requests.ts'

const evictions = ['lru', 'sieve']

const is = ({ status, body }: Answer, wanted: string, value?: string): boolean =>
  status === 200 && body['status'] === wanted && (value === undefined || body['value'] === value)

async function mustBe(
  get: Get,
  path: string,
  [wanted, value]: readonly [status: string, value?: string],
): Promise<Answer> {
  const answer = await get(path)
  must(is(answer, wanted, value), `${path} was not ${wanted}: ${shown([answer])}`)
  return answer
}

/** A cache that was filled at module scope, from its first request to the end of what it was filled with. */
function bootCase(eviction: string): Case {
  return async ({ get }) => {
    const path = (step: string, window: string, key: string): string =>
      `/boot/${step}?of=${eviction}+${window}&key=${key}`
    for (const window of ['none', 'refresh', 'error', 'short']) {
      const { body } = await get(path('peek', window, 'a'))
      must(body['value'] === 'early' && body['has'] === true, `${window}: not there at the first request`)
      await get(path('set', window, 'again'))
    }
    await sleep(700)
    for (const window of ['none', 'refresh', 'error', 'short']) {
      const { body } = await get(path('peek', window, 'a'))
      must(body['value'] === undefined && body['has'] === false, `${window}: fresh one TTL after the first request`)
      must(
        (await get(path('peek', window, 'again'))).body['value'] === 'second',
        `${window}: it ended what came after it`,
      )
    }
    await mustBe(get, path('get', 'none', 'a'), ['miss'])
    await mustBe(get, path('get', 'refresh', 'a'), ['stale', 'early'])
    await mustBe(get, `${path('get', 'error', 'a')}&fails`, ['stale', 'early'])
    await mustBe(get, path('get', 'error', 'b'), ['miss'])
    await mustBe(get, path('get', 'short', 'a'), ['miss'])
    const failed = await get(`${path('get', 'short', 'b')}&fails`)
    must(failed.status === 500, `its window for errors did not end: ${shown([failed])}`)
  }
}

function bootTagCase(eviction: string): Case {
  return async ({ get }) => {
    const path = (step: string, key: string): string => `/boot/${step}?of=${eviction}+refresh&key=${key}`
    await mustBe(get, path('get', 'tagged'), ['hit', 'early'])
    await get(path('invalidate', ''))
    await mustBe(get, path('get', 'tagged'), ['miss'])
    await mustBe(get, path('get', 'expired'), ['stale', 'early'])
  }
}

/** All within requests that read no clock but the cache's, and end at once. */
function spanCase(eviction: string): Case {
  return async ({ get }) => {
    const path = (key: string, ttlMs: number): string => `/span/get?of=${eviction}&key=${key}&ttlMs=${ttlMs}`
    const first = await mustBe(get, path('a', 100), ['miss'])
    await mustBe(get, path('b', 60_000), ['miss'])
    await sleep(300)
    await mustBe(get, path('a', 60_000), ['stale', String(first.body['value'])])
    const { body } = await mustBe(get, path('a', 60_000), ['hit'])
    must(body['value'] !== first.body['value'], 'it was not refreshed')
    await mustBe(get, path('b', 60_000), ['hit'])
  }
}

const byEviction = (name: string, make: (eviction: string) => Case): Cases =>
  Object.fromEntries(evictions.map((eviction) => [`${name} (${eviction})`, make(eviction)]))

export const cacheCases: Cases = {
  ...byEviction('what was cached at module scope is fresh, stale and gone in its time', bootCase),
  ...byEviction('tags given and expired at module scope hold in requests', bootTagCase),
  ...byEviction('a value of a request shorter than 1 ms is fresh, then stale, then another one', spanCase),

  'a load that never ends and whose request ended is loaded anew, and the third request hits': async ({ get }) => {
    await get('/impatient/start?key=i0&hangs')
    const second = await get('/impatient/get?key=i0')
    must(hasValue(second), shown([second]))
    await mustBe(get, '/impatient/get?key=i0', ['hit', String(second.body['value'])])
  },

  'a refresh kept by waitUntil is stored after its request, and its promise settles when it is': async ({ get }) => {
    const first = await mustBe(get, '/swr/get?key=s0', ['miss'])
    await sleep(300)
    await mustBe(get, '/swr/get?key=s0&ms=200&keep', ['stale', String(first.body['value'])])
    const told = async (): Promise<unknown[]> => (await get('/swr/settled?key=s0')).body['values'] as unknown[]
    must(await until(async () => (await told()).length > 0), 'the promise never settled')
    const values = await told()
    must(
      values.length === 1 && String(values[0]).startsWith('s0 ') && values[0] !== first.body['value'],
      `when it settled there was ${values.join()} in place of ${String(first.body['value'])}`,
    )
  },

  'ten requests for a stale value get it at once, and it is loaded once': async ({ get }) => {
    const first = await mustBe(get, '/swr/get?key=s1', ['miss'])
    await sleep(300)
    const answers = await Promise.all(Array.from({ length: 10 }, () => get('/swr/get?key=s1&ms=400&keep')))
    must(
      answers.every((answer) => is(answer, 'stale', String(first.body['value']))),
      shown(answers),
    )
    const { body } = await get('/loaded?key=s1')
    must(body['times'] === 2, `it was loaded ${String(body['times'])} times`)
  },

  'a refresh that never ends and whose request ended does not stop later ones': async ({ get }) => {
    const first = await mustBe(get, '/swr/get?key=s2', ['miss'])
    await sleep(300)
    await mustBe(get, '/swr/get?key=s2&hangs', ['stale', String(first.body['value'])])
    const refreshed = await until(
      async () => (await get('/swr/get?key=s2&ms=20&keep')).body['value'] !== first.body['value'],
    )
    must(refreshed, 'it stayed stale')
  },

  'a refresh that fails after its request is told to nobody, and stale is served on': async ({ get }) => {
    const first = await mustBe(get, '/swr/get?key=s3', ['miss'])
    await sleep(300)
    await mustBe(get, '/swr/get?key=s3&ms=50&fails&keep', ['stale', String(first.body['value'])])
    await sleep(200)
    await mustBe(get, '/swr/get?key=s3&keep', ['stale', String(first.body['value'])])
    must((await get('/loaded?key=s3')).body['times'] === 2, 'it was tried again at once')
  },

  'a load that hangs ends at its deadline for every request, and the next one loads': async ({ get }) => {
    const answers = await Promise.all([1, 2, 3].map(() => get('/impatient/get?key=i1&hangs')))
    must(
      answers.every(({ status, body }) => status === 500 && /ERR_PERF_TIMEOUT/.test(String(body['error']))),
      shown(answers),
    )
    must((await get('/impatient/aborted?key=i1')).body['times'] === 1, 'the signal of the load did not abort once')
    await mustBe(get, '/impatient/get?key=i1&ms=20', ['miss'])
  },

  'a refresh that hangs in waitUntil ends at its deadline, and a later one succeeds': async ({ get }) => {
    const first = await mustBe(get, '/impatient/get?key=i2', ['miss'])
    await sleep(300)
    await mustBe(get, '/impatient/get?key=i2&hangs&keep', ['stale', String(first.body['value'])])
    const refreshed = await until(
      async () => (await get('/impatient/get?key=i2&keep')).body['value'] !== first.body['value'],
    )
    must(refreshed, 'it stayed stale')
    must((await get('/impatient/aborted?key=i2')).body['times'] === 1, 'the signal of the refresh did not abort once')
  },

  'a tag invalidated in one request is gone in the next': async ({ get }) => {
    await mustBe(get, '/tagged/get?key=t0&tag=one', ['miss'])
    await mustBe(get, '/tagged/get?key=t0&tag=one', ['hit'])
    await get('/tagged/invalidate?tag=one')
    await mustBe(get, '/tagged/get?key=t0&tag=one', ['miss'])
  },

  'a tag expired in one request is served stale in the next, and refreshed': async ({ get }) => {
    const first = await mustBe(get, '/tagged/get?key=t1&tag=two', ['miss'])
    await get('/tagged/expire?tag=two')
    await mustBe(get, '/tagged/get?key=t1&tag=two&ms=50&keep', ['stale', String(first.body['value'])])
    must(await until(async () => is(await get('/tagged/get?key=t1&tag=two&keep'), 'hit')), 'it was never fresh again')
  },

  'a load that a tag overtook reaches its own request, and is not stored': async ({ get }) => {
    for (const [key, how] of Object.entries({ t2: '', t3: '&late' })) {
      const path = `/tagged/get?key=${key}&tag=${key}${how}`
      const slow = get(`${path}&ms=600`)
      await sleep(150)
      await get(`/tagged/invalidate?tag=${key}`)
      const after = await mustBe(get, path, ['miss'])
      const overtaken = await slow
      must(hasValue(overtaken) && overtaken.body['value'] !== after.body['value'], shown([overtaken, after]))
      await mustBe(get, path, ['hit', String(after.body['value'])])
    }
  },

  'a load with a tag whose request ended, invalidated: the next request loads': async ({ get }) => {
    await get('/impatient/start?key=i3&hangs')
    const slow = get('/tagged/get?key=t4&tag=four&ms=300')
    await get('/tagged/invalidate?tag=four')
    await mustBe(get, '/tagged/get?key=t4&tag=four', ['miss'])
    await slow
  },
}
