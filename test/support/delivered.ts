import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OneAnswer, OneDelivery } from './one-delivery.ts'

const PROGRAM = fileURLToPath(new URL('./one-delivery.ts', import.meta.url))

/** Has a process of its own handle a delivery; resolves when it is gone, with nothing when it was killed. */
export function deliveredByProcess(delivery: OneDelivery): Promise<OneAnswer | undefined> {
  const child = fork(PROGRAM, [JSON.stringify(delivery)], { execArgv: ['--import', 'tsx'] })
  let answer: OneAnswer | undefined
  child.on('message', (message: OneAnswer) => (answer = message))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // Not at `exit`, which may be told before the last message is.
    child.once('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(answer)
      else reject(new Error(`the process ended with ${code ?? signal}`))
    })
  })
}
