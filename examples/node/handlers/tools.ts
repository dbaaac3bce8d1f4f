import type { Accessor } from '@easymo/perf/cache'
import type { Profile } from '../tables.ts'

/** What the handlers are given to work with. */
export interface Tools {
  readonly profileByPhone: Accessor<string, Profile | null>
  readonly write: (text: string, values?: readonly unknown[]) => Promise<void>
  readonly attempt: number
}

/** Writes down that an update was handled: once is right, twice would show. */
export async function handled(
  tools: Tools,
  key: string,
  of: { kind: string; userId?: string | undefined },
): Promise<void> {
  await tools.write(
    `insert into handled_updates (key, kind, user_id) values ($1, $2, $3)
     on conflict (key) do update set times = handled_updates.times + 1`,
    [key, of.kind, of.userId ?? null],
  )
}
