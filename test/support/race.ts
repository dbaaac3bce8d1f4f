import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Race, RaceResult } from './claim-racer.ts'

const RACER = fileURLToPath(new URL('./claim-racer.ts', import.meta.url))

/** Processes that race for keys, each with a clock of its own. */
export interface Racers {
  /** Lets so many callers in each process race for one key, and says how it ended for all of them together. */
  race(race: Race): Promise<RaceResult>
  end(): void
}

export interface RacersOptions {
  /** What {@link Racers} claim in: a driver, an address, and where the claims stand there. */
  readonly store: readonly [driver: string, url: string, prefix: string]
  /** By how many milliseconds the clock of each process is wrong. */
  readonly skewsMs: readonly number[]
}

export async function startRacers({ store, skewsMs }: RacersOptions): Promise<Racers> {
  const racers: ChildProcess[] = skewsMs.map((skewMs) =>
    fork(RACER, [...store, String(skewMs)], { execArgv: ['--import', 'tsx'] }),
  )
  const answers = (): Promise<unknown[][]> => Promise.all(racers.map((racer) => once(racer, 'message')))
  const end = (): void => racers.forEach((racer) => racer.kill('SIGKILL'))
  await answers()
  return {
    end,
    async race(race) {
      const answered = answers()
      for (const racer of racers) racer.send(race)
      const results = (await answered).map(([result]) => result as RaceResult)
      return {
        won: results.reduce((sum, { won }) => sum + won, 0),
        others: results.reduce((sum, { others }) => sum + others, 0),
      }
    },
  }
}
