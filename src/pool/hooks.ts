import { LazyAbort, withDeadline, type Call } from '../core/deadline.ts'
import { codeOf, type FactName } from '../core/fact.ts'
import { isPromiseLike } from '../core/promise.ts'
import type { PoolSettings } from './options.ts'

/** Whether a client may be lent (again). Settled at once when the user's function was synchronous. */
export type Verdict = boolean | Promise<boolean>

/** The user's functions behind deadlines; only `make` rejects. */
export interface Hooks<Client> {
  make(target?: unknown): Promise<Client>
  end(client: Client): Promise<void>
  readonly validate: Checked<Client> | undefined
  readonly reset: Checked<Client> | undefined
}

type Check<Client> = (client: Client, call: Call) => unknown
type Checked<Client> = (client: Client) => Verdict

export function poolHooks<Client>(settings: PoolSettings<Client>): Hooks<Client> {
  const { host, name, create, createTimeoutMs, destroy, checkTimeoutMs, validate, reset } = settings
  const { clock } = host
  const tell = (fact: FactName, error: unknown): void => host.observe({ name: fact, of: name, ...codeOf(error) })

  async function end(client: Client): Promise<void> {
    try {
      await withDeadline({ clock, timeoutMs: checkTimeoutMs, what: `ending a client of ${name}` }, (call) =>
        destroy(client, call),
      )
    } catch (error) {
      tell('pool.destroy_failed', error)
    }
  }

  /** A client that comes too late has no owner, and is ended at once. */
  async function make(target?: unknown): Promise<Client> {
    const late: Client[] = []
    let given = false
    const begin = async (call: Call): Promise<Client> => {
      const client = await create(call, target as never)
      if (given) void end(client)
      else late.push(client)
      return client
    }
    try {
      return await withDeadline({ clock, timeoutMs: createTimeoutMs, what: `making a client of ${name}` }, begin)
    } catch (error) {
      given = true
      // It came between the deadline and the moment that this was heard of it.
      for (const client of late) void end(client)
      tell('pool.create_failed', error)
      throw error
    }
  }

  function check(
    hook: Check<Client>,
    what: 'validate' | 'reset',
    judge: (result: unknown) => boolean,
  ): Checked<Client> {
    const failed = (error: unknown): false => {
      tell(`pool.${what}_failed`, error)
      return false
    }
    return (client) => {
      const abort = new LazyAbort()
      try {
        const result = hook(client, abort)
        if (!isPromiseLike(result)) return judge(result)
        const answer = withDeadline({ clock, timeoutMs: checkTimeoutMs, what: `${what} of ${name}` }, () => result)
        return answer.then(judge, (error: unknown) => {
          abort.abort(error)
          return failed(error)
        })
      } catch (error) {
        return failed(error)
      }
    }
  }

  return {
    make,
    end,
    validate: validate && check(validate, 'validate', (result) => result === true),
    reset: reset && check(reset, 'reset', (result) => result !== false),
  }
}
