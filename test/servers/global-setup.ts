import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A real Redis that all test files share: each uses keys of its own (`ownName`). */
    readonly redisUrl: string
    /** A real Postgres that all test files share: each uses a schema of its own (`ownSchema`). */
    readonly postgresUrl: string
  }
}

/** Starts both servers side by side, once per run, and only when a test that needs them is to run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const starting = [startRedis(), startPostgres()] as const
  const stop = async (): Promise<void> => {
    const started = await Promise.allSettled(starting)
    await Promise.all(started.map((server) => (server.status === 'fulfilled' ? server.value.stop() : undefined)))
  }
  try {
    const [redis, postgres] = await Promise.all(starting)
    project.provide('redisUrl', redis.url)
    project.provide('postgresUrl', postgres.url)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}
