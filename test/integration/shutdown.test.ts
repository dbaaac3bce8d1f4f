import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { signedRequest, whatsappDelivery } from '../../src/testing/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'
import { SOON } from '../support/soon.ts'

interface Service {
  readonly url: string
  readonly child: ChildProcess
  readonly printed: () => string
}

/** What the handlers wait for, as long as somebody holds it. */
const GATE = randomInt(2 ** 31)
const children: ChildProcess[] = []
const closed = new Map<ChildProcess, Promise<unknown>>()
const holder = new pg.Client({ connectionString: inject('postgresUrl') })
let schema: OwnSchema | undefined

beforeAll(() => holder.connect())
afterAll(() => holder.end())

const shut = (): Promise<unknown> => holder.query('select pg_advisory_lock($1)', [GATE])
const open = (): Promise<unknown> => holder.query('select pg_advisory_unlock_all()')

async function startService(answerWithinMs: number): Promise<Service> {
  schema = await ownSchema(inject('postgresUrl'))
  const env = { ...process.env, DATABASE_URL: schema.url, ANSWER_WITHIN_MS: String(answerWithinMs) }
  const program = ['--import', 'tsx', 'test/support/slow-service.ts']
  const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  // Not at `exit`, which may be told before all that it printed.
  closed.set(child, once(child, 'close'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await expect.poll(() => text, { timeout: 30_000 }).toContain('\n')
  return { url: text.trim(), child, printed: () => text }
}

const message = ({ url }: Service): Promise<Request> =>
  signedRequest(url, whatsappDelivery({ text: String(GATE) }).body, 'secret')

const working = ({ printed }: Service): Promise<void> => expect.poll(printed, SOON).toContain('begun')

/** Tells the service to end, and waits until nobody gets in any more; it is there still, because it works. */
async function ending({ child, url }: Service): Promise<void> {
  child.kill('SIGTERM')
  const knock = (): Promise<string> => fetch(url).then(() => 'accepted', () => 'refused') // prettier-ignore
  await expect.poll(knock, SOON).toBe('refused')
  expect(child.exitCode).toBeNull()
}

async function ended({ child }: Service): Promise<unknown> {
  await closed.get(child)
  return child.exitCode
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await open()
  await schema?.drop()
})

it('answers what runs, refuses what is new, and exits with 0 when it is told to end', async () => {
  const service = await startService(15_000)
  await shut()
  const answer = fetch(await message(service))
  await working(service)
  await ending(service)
  await open()
  expect((await answer).status).toBe(200)
  expect(await ended(service)).toBe(0)
})

it('finishes work that outlived its answer before it exits', async () => {
  const service = await startService(100)
  await shut()
  const answer = await fetch(await message(service))
  expect(answer.status).toBe(503)
  await working(service)
  await ending(service)
  expect(service.printed()).not.toContain('handled')
  await open()
  expect(await ended(service)).toBe(0)
  expect(service.printed()).toContain('handled')
})
