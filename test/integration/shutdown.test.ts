import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, inject, it } from 'vitest'
import { signedRequest, whatsappDelivery } from '../../src/testing/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'

interface Service {
  readonly url: string
  readonly child: ChildProcess
  readonly printed: () => string
}

const children: ChildProcess[] = []
let schema: OwnSchema | undefined

async function startService(answerWithinMs: number): Promise<Service> {
  schema = await ownSchema(inject('postgresUrl'))
  const env = { ...process.env, DATABASE_URL: schema.url, ANSWER_WITHIN_MS: String(answerWithinMs) }
  const program = ['--import', 'tsx', 'test/support/slow-service.ts']
  const child = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await expect.poll(() => text, { timeout: 15_000 }).toContain('\n')
  return { url: text.trim(), child, printed: () => text }
}

const message = (seconds: number): Promise<Request> =>
  Promise.resolve(whatsappDelivery({ text: String(seconds) }).body).then((body) => signedRequest(url(), body, 'secret'))
let service: Service | undefined
const url = (): string => service?.url ?? ''

async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = (await once(child, 'exit')) as [unknown]
  return code
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await schema?.drop()
})

it('answers what runs, refuses what is new, and exits with 0 when it is told to end', async () => {
  service = await startService(5_000)
  const answer = fetch(await message(1.5))
  // Until the delivery is being worked on.
  await new Promise((resolve) => setTimeout(resolve, 500))
  service.child.kill('SIGTERM')
  await expect
    .poll(() =>
      fetch(url()).then(
        () => 'accepted',
        () => 'refused',
      ),
    )
    .toBe('refused')
  expect((await answer).status).toBe(200)
  expect(await exitOf(service.child)).toBe(0)
})

it('finishes work that outlived its answer before it exits', async () => {
  service = await startService(100)
  const answer = await fetch(await message(1.5))
  expect(answer.status).toBe(503)
  expect(service.printed()).not.toContain('handled')
  service.child.kill('SIGTERM')
  expect(await exitOf(service.child)).toBe(0)
  expect(service.printed()).toContain('handled')
})
