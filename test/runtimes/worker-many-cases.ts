/** What must hold on Workers when many keys are asked for at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from './report.ts'
import { shown, type Answer, type Cases, type Get } from './worker-requests.ts'

const hasAll = ({ status, body }: Answer, keys: string): boolean => {
  const values = body['values']
  const wanted = keys.split(',')
  return (
    status === 200 &&
    Array.isArray(values) &&
    values.length === wanted.length &&
    wanted.every((key, at) => String(values[at]).startsWith(`${key} `))
  )
}

async function mustHave(get: Get, path: string, keys: string): Promise<Answer> {
  const answer = await get(`${path}&keys=${keys}`)
  must(hasAll(answer, keys), `${keys}: ${shown([answer])}`)
  return answer
}

const batchesOf = async (get: Get, prefix: string): Promise<string[][]> =>
  (await get(`/many/batches?key=${prefix}`)).body['batches'] as string[][]

export const manyCases: Cases = {
  'many keys, some of them in a load whose request ended: the next two requests get all': async ({ get }) => {
    await get('/many/start?keys=m1,m2,m3&ms=300')
    await mustHave(get, '/many/get?ms=20', 'm2,m3,m4')
    await mustHave(get, '/many/get?ms=20', 'm1,m2,m3,m4')
  },

  'many keys, all of them in a load whose request ended, for two requests at the same time': async ({ get }) => {
    await get('/many/start?keys=n1,n2,n3,n4&ms=300')
    await Promise.all([
      mustHave(get, '/many/get?ms=20&stay=50', 'n1,n2,n3,n4'),
      mustHave(get, '/many/get?ms=20', 'n4,n3,n2,n1'),
    ])
  },

  'requests with keys in common load each of them once': async ({ get }) => {
    const lists = ['o1,o2,o3', 'o2,o3,o4', 'o3,o4,o5', 'o5,o1', 'o1,o2,o3,o4,o5']
    await Promise.all([...lists, ...lists].map((keys) => mustHave(get, '/many/get?ms=800&stay=20', keys)))
    const loaded = (await batchesOf(get, 'o')).flat().sort()
    must(loaded.join() === 'o1,o2,o3,o4,o5', `loaded were ${loaded.join()}`)
  },

  'with waitUntil a batch of an ended request goes on, and later ones share it': async ({ get }) => {
    await get('/many/start?keys=p1,p2,p3&ms=400&keep')
    await Promise.all([mustHave(get, '/many/get?ms=20&keep', 'p1,p2'), mustHave(get, '/many/get?ms=20', 'p2,p3')])
    const batches = await batchesOf(get, 'p')
    must(JSON.stringify(batches) === '[["p1","p2","p3"]]', `the batches were ${JSON.stringify(batches)}`)
  },

  'a batch that fails fails those who wait for its keys, and the next one succeeds': async ({ get }) => {
    const slow = get('/many/get?keys=q1,q2&ms=300&fails')
    await sleep(50)
    const answers = await Promise.all([slow, get('/many/get?keys=q2&ms=20')])
    must(
      answers.every(({ status, body }) => status === 500 && /load failed/.test(String(body['error']))),
      shown(answers),
    )
    await mustHave(get, '/many/get?ms=20', 'q1,q2')
  },

  'an accessor of many whose request ended poisons nothing': async ({ get }) => {
    await get('/accessor/start?keys=r1,r2,r3&ms=300')
    await mustHave(get, '/accessor/get?ms=20', 'r2,r3')
    await mustHave(get, '/accessor/get?ms=20', 'r1,r2,r3')
  },
}
