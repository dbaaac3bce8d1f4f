import fc from 'fast-check'
import { expect, it } from 'vitest'
import { deferred, flying, TIMEOUT_MS } from '../../test/support/flying.ts'
import { TimeoutError } from './errors.ts'
import type { Flight } from './single-flight.ts'

/** What may happen to a single flight. Numbers pick among the loads or callers there are at that moment. */
type Step =
  | { readonly do: 'call'; readonly key: string; readonly signal: boolean }
  | { readonly do: 'land'; readonly pick: number; readonly ok: boolean }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'forget'; readonly key: string | undefined }
  | { readonly do: 'outdate'; readonly key: string }
  | { readonly do: 'pass'; readonly ms: number }
  /** The process is frozen: the wall clock goes on, timers do not. */
  | { readonly do: 'freeze'; readonly ms: number }

const key = fc.constantFrom('a', 'b')
const pick = fc.nat(1_000)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('call' as const), key, signal: fc.boolean() }),
  fc.record({ do: fc.constant('call' as const), key, signal: fc.boolean() }),
  fc.record({ do: fc.constant('land' as const), pick, ok: fc.boolean() }),
  fc.record({ do: fc.constant('abort' as const), pick }),
  fc.record({ do: fc.constant('forget' as const), key: fc.option(key, { nil: undefined }) }),
  fc.record({ do: fc.constant('outdate' as const), key }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(TIMEOUT_MS * 1.5) }),
  fc.record({ do: fc.constant('freeze' as const), ms: fc.nat(TIMEOUT_MS * 1.5) }),
)

interface ModelLoad {
  readonly key: string
  readonly deadline: number
  readonly overdueAfter: number
  state: 'running' | 'over'
  /** Nobody joins it. */
  outdated: boolean
  /** Its result is not to be stored. */
  lost: boolean
}

/** The rules in plain words: times as numbers, outcomes as strings, no promises. */
function model() {
  const loads: ModelLoad[] = []
  const callers: { readonly load: number; readonly signal: boolean; outcome: string }[] = []
  const current = new Map<string, number>()
  const failed: [key: string, forgotten: boolean][] = []
  let [wall, elapsed] = [0, 0]

  const joinable = (name: string): number | undefined => {
    const index = current.get(name)
    const load = index === undefined ? undefined : loads[index]
    return load !== undefined && !load.outdated && wall <= load.overdueAfter ? index : undefined
  }
  /** Takes the right to be stored from the loads of a key that began before `index`. */
  const lose = (name: string | undefined, index = Infinity): void => {
    for (const [at, load] of loads.entries()) if (at < index && (name ?? load.key) === load.key) load.lost = true
  }
  const end = (index: number, outcome: string): void => {
    const load = loads[index]
    if (load?.state !== 'running') return
    load.state = 'over'
    lose(load.key, index)
    const forgotten = current.get(load.key) !== index
    if (!outcome.startsWith('value')) failed.push([load.key, forgotten])
    if (!forgotten) current.delete(load.key)
    for (const caller of callers) if (caller.load === index && caller.outcome === 'waiting') caller.outcome = outcome
  }
  return {
    loads,
    callers,
    failed,
    joinable,
    isCurrent: (index: number) => loads[index]?.state === 'running' && !loads[index].lost,
    apply(step: Step): void {
      if (step.do === 'call') {
        let load = joinable(step.key)
        if (load === undefined) {
          load = loads.length
          const before = loads[current.get(step.key) ?? -1]
          if (before === undefined || wall > before.overdueAfter) lose(step.key)
          const [deadline, overdueAfter] = [elapsed + TIMEOUT_MS, wall + TIMEOUT_MS]
          loads.push({ key: step.key, deadline, overdueAfter, state: 'running', outdated: false, lost: false })
          current.set(step.key, load)
        }
        callers.push({ load, signal: step.signal, outcome: 'waiting' })
      } else if (step.do === 'land' && loads.length > 0) {
        const index = step.pick % loads.length
        end(index, step.ok ? `value ${index}` : `error ${index}`)
      } else if (step.do === 'abort' && callers.length > 0) {
        const caller = callers[step.pick % callers.length]
        if (caller?.signal === true && caller.outcome === 'waiting') caller.outcome = 'aborted'
      } else if (step.do === 'forget') {
        lose(step.key)
        if (step.key === undefined) current.clear()
        else current.delete(step.key)
      } else if (step.do === 'outdate') {
        const load = loads[current.get(step.key) ?? -1]
        if (load !== undefined) load.outdated = true
      } else if (step.do === 'pass') {
        ;[wall, elapsed] = [wall + step.ms, elapsed + step.ms]
        const late = [...loads.keys()].filter((index) => (loads[index]?.deadline ?? Infinity) <= elapsed)
        for (const index of late.sort((a, b) => (loads[a]?.deadline ?? 0) - (loads[b]?.deadline ?? 0)))
          end(index, 'timeout')
      } else if (step.do === 'freeze') wall += step.ms
    },
  }
}

/** The same steps, taken by the real thing. */
function real() {
  const { clock, flights, failed } = flying()
  const loads: { readonly flight: Flight<number>; readonly work: ReturnType<typeof deferred<number>> }[] = []
  const callers: { readonly abort: AbortController; outcome: string }[] = []
  const call = ({ key: name, signal }: Extract<Step, { do: 'call' }>): void => {
    const caller = { abort: new AbortController(), outcome: 'waiting' }
    callers.push(caller)
    const load = (flight: Flight<number>): Promise<number> => {
      const work = deferred<number>()
      loads.push({ flight, work })
      return work.promise
    }
    flights.run(name, load, signal ? { signal: caller.abort.signal } : {}).then(
      (value) => (caller.outcome = `value ${value}`),
      (error: Error) => (caller.outcome = error instanceof TimeoutError ? 'timeout' : error.message),
    )
  }
  return {
    clock,
    flights,
    failed,
    loads,
    callers,
    async apply(step: Step): Promise<void> {
      if (step.do === 'call') call(step)
      else if (step.do === 'land' && loads.length > 0) {
        const index = step.pick % loads.length
        if (step.ok) loads[index]?.work.resolve(index)
        else loads[index]?.work.reject(new Error(`error ${index}`))
      } else if (step.do === 'abort' && callers.length > 0)
        callers[step.pick % callers.length]?.abort.abort(new Error('aborted'))
      else if (step.do === 'forget') flights.forget(step.key)
      else if (step.do === 'outdate') flights.outdate(step.key)
      else if (step.do === 'pass') await clock.tick(step.ms)
      else if (step.do === 'freeze') clock.set(clock.now() + step.ms)
      await clock.tick(0)
    },
  }
}

it('does what a plain model does, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const [expected, actual] = [model(), real()]
      for (const taken of steps) {
        expected.apply(taken)
        await actual.apply(taken)
        expect(actual.callers.map(({ outcome }) => outcome)).toEqual(expected.callers.map(({ outcome }) => outcome))
        expect(actual.loads.length).toBe(expected.loads.length)
        expect(actual.failed.mock.calls).toEqual(expected.failed)
        for (const name of ['a', 'b']) expect(actual.flights.has(name)).toBe(expected.joinable(name) !== undefined)
        const current = actual.loads.map(({ flight }) => flight.current)
        expect(current).toEqual(expected.loads.map((_load, index) => expected.isCurrent(index)))
      }
    }),
    { numRuns: 300 },
  )
})
