/** What must hold on Workers for caches of two tiers. `a` and `b` share a store in memory; the others have one behind HTTP. */
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from './report.ts'
import { hasValue, shown, until, type Answer, type Cases, type Get } from './worker-requests.ts'

async function mustBe(
  get: Get,
  path: string,
  [wanted, value]: readonly [status: string, value?: unknown],
): Promise<Answer> {
  const answer = await get(`/tier/get?${path}`)
  const { status, body } = answer
  must(
    status === 200 && body['status'] === wanted && (value === undefined || body['value'] === value),
    `${path} was not ${wanted}: ${shown([answer])}`,
  )
  return answer
}

/** Whether the store is used for the key again: another key has pushed it out of the first tier before. */
const usesStore = (get: Get, of: string, key: string): Promise<boolean> =>
  until(async () => {
    await get(`/tier/get?of=${of}&key=other&keep`)
    return (await get(`/tier/get?of=${of}&key=${key}&keep`)).body['status'] === 'store'
  })

export const tierCases: Cases = {
  'what was set at module scope is there at the first request, and gone after its time': async ({ get }) => {
    must((await get('/tier/peek?of=a&key=early')).body['value'] === 'here', 'it is not there')
    await sleep(500)
    must((await get('/tier/peek?of=a&key=early')).body['value'] === undefined, 'it is there for ever')
  },

  'what one instance loaded another finds in the store': async ({ get }) => {
    const { body } = await mustBe(get, 'of=a&key=u0', ['miss'])
    await mustBe(get, 'of=a&key=u0', ['hit', body['value']])
    await mustBe(get, 'of=b&key=u0', ['store', body['value']])
    await mustBe(get, 'of=b&key=u0', ['hit', body['value']])
  },

  'a load of two tiers whose request ended poisons nothing, and a living one is shared': async ({ get }) => {
    await get('/tier/start?of=a&key=u1&ms=300')
    const [answer] = await Promise.all([get('/tier/get?of=a&key=u1&ms=20'), get('/tier/get?of=a&key=u1&ms=20')])
    must(hasValue(answer), shown([answer]))
    await mustBe(get, 'of=b&key=u1', ['store', answer.body['value']])
    await Promise.all(Array.from({ length: 20 }, () => get('/tier/get?of=a&key=u2&ms=600&stay=20')))
    must((await get('/loaded?key=u2')).body['times'] === 1, 'a herd made more than one load')
  },

  'a refresh kept by waitUntil reaches the store after its request': async ({ get }) => {
    const { body } = await mustBe(get, 'of=a&key=u3', ['miss'])
    const text = async (): Promise<unknown> => (await get('/tier/behind?key=u3')).body['text']
    must((await text()) === JSON.stringify(body['value']), 'the first value is not in the store')
    await sleep(400)
    await mustBe(get, 'of=a&key=u3&ms=200&keep', ['stale', body['value']])
    must(await until(async () => (await text()) !== JSON.stringify(body['value'])), 'the store was never told')
  },

  'a tag that one instance invalidated is gone for the other within its time, and so are keys deleted': async ({
    get,
  }) => {
    const { body } = await mustBe(get, 'of=a&key=u4&tag=u', ['miss'])
    await mustBe(get, 'of=b&key=u4&tag=u', ['store', body['value']])
    await get('/tier/invalidate?of=a&tag=u')
    await mustBe(get, 'of=a&key=u4&tag=u', ['miss'])
    await sleep(150)
    const other = await get('/tier/get?of=b&key=u4&tag=u')
    must(hasValue(other) && other.body['value'] !== body['value'], shown([other]))
    await get('/tier/delete?of=a&key=u4')
    await mustBe(get, 'of=a&key=u4&tag=u', ['miss'])
  },

  'a store behind fetch is shared, across requests': async ({ get }) => {
    const { body } = await mustBe(get, 'of=shared&key=v0&tag=v&keep', ['miss'])
    must(
      await until(async () => (await get('/tier/get?of=shared2&key=v0&tag=v&keep')).body['value'] === body['value']),
      'the other instance never found it',
    )
    await Promise.all(Array.from({ length: 20 }, () => get('/tier/get?of=shared&key=v1&ms=600&stay=20')))
    must((await get('/loaded?key=v1')).body['times'] === 1, 'a herd made more than one load')
  },

  'a look-up in the store whose request ended poisons nothing': async ({ get, store }) => {
    store.answers({ afterMs: 200 })
    await get('/tier/start?of=look&key=v2')
    store.answers({})
    const answers = [await get('/tier/get?of=look&key=v2&stay=100'), await get('/tier/get?of=look&key=v2')]
    must(answers.every(hasValue), shown(answers))
    must(await usesStore(get, 'look', 'v2'), 'the store was never used again')
  },

  'a write whose request ended does not keep the store from being used': async ({ get, store }) => {
    store.answers({ afterMs: 120 })
    // The load is over at once, so the request ends before the store has answered to the write.
    await mustBe(get, 'of=write&key=v3', ['miss'])
    store.answers({})
    must(await usesStore(get, 'write', 'v3'), 'the store was never used again')
  },

  'a clear whose request ended does not keep the store from being used': async ({ get, store }) => {
    const { body } = await mustBe(get, 'of=clear&key=v4&keep', ['miss'])
    store.answers({ afterMs: 120 })
    await get('/tier/clear/start?of=clear')
    store.answers({})
    const after = await get('/tier/get?of=clear&key=v4&keep')
    must(hasValue(after) && after.body['value'] !== body['value'], `what was cleared came back: ${shown([after])}`)
    must(await usesStore(get, 'clear', 'v4'), 'the store was never used again')
  },

  'what the store could not be told it is told later, also when the request that began with it ended': async ({
    get,
    store,
  }) => {
    const { body } = await mustBe(get, 'of=tell&key=v5&keep', ['miss'])
    must(await usesStore(get, 'tell', 'v5'), 'the store was never used')
    store.answers({ refuses: true })
    await get('/tier/clear?of=tell')
    // The store is back, and slow: the request ends while it is being told.
    store.answers({ afterMs: 120 })
    await get('/tier/get?of=tell&key=w5')
    store.answers({})
    const after = await get('/tier/get?of=tell&key=v5&keep')
    must(hasValue(after) && after.body['value'] !== body['value'], `what was cleared came back: ${shown([after])}`)
    must(await usesStore(get, 'tell', 'v5'), 'the store was never used again')
  },

  'a key whose last write was in a request that ended can be changed': async ({ get, store }) => {
    for (const step of ['set', 'delete', 'get']) {
      store.answers({ afterMs: 120 })
      await mustBe(get, `of=turns&key=v9-${step}`, ['miss'])
      store.answers({})
      const answer = await get(`/tier/${step}?of=turns&key=v9-${step}`)
      must(answer.status === 200, shown([answer]))
    }
  },

  'requests that change one key at the same time all come to their end': async ({ get, store }) => {
    store.answers({ afterMs: 60 })
    const steps = ['set', 'delete', 'set', 'delete', 'set'].map((step) => get(`/tier/${step}?of=turns&key=v10`))
    const answers = await Promise.all(steps)
    store.answers({})
    must(
      answers.every(({ status }) => status === 200),
      shown(answers),
    )
  },

  'a tag check whose request ended does not hide what another instance invalidated': async ({ get, store }) => {
    const { body } = await mustBe(get, 'of=check&key=v6&tag=six&keep', ['miss'])
    await sleep(400)
    store.answers({ afterMs: 200 })
    // Old enough to be checked in the background, which this request does not live to see.
    await mustBe(get, 'of=check&key=v6&tag=six', ['hit', body['value']])
    store.answers({})
    await get('/tier/invalidate?of=check2&tag=six')
    await sleep(700)
    const after = await get('/tier/get?of=check&key=v6&tag=six&keep')
    must(hasValue(after) && after.body['value'] !== body['value'], shown([after]))
  },

  'a frozen store costs a deadline and no answer, and is used again once it is back': async ({ get, store }) => {
    await mustBe(get, 'of=frozen&key=v7&keep', ['miss'])
    store.answers({ afterMs: Infinity })
    const answers: Answer[] = []
    for (let nth = 0; nth < 6; nth += 1) answers.push(await get(`/tier/get?of=frozen&key=v8-${nth}`))
    must(answers.every(hasValue), shown(answers))
    store.answers({})
    must(await usesStore(get, 'frozen', 'v7'), 'the store was never used again')
  },
}
