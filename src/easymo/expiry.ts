import type { UserState } from './tables.ts'

/** For how long a row is still valid, in milliseconds; not above 0 when it is over, or cannot be read. */
export function leftMs(row: UserState | null, now: number): number {
  const at = row?.expires_at
  if (at === null || at === undefined) return Infinity
  const left = epochMs(at) - now
  return Number.isNaN(left) ? 0 : left
}

/** Drivers give a moment as a `Date`, as text or, where it is `infinity`, as a number (pg) or an invalid `Date`. */
function epochMs(moment: NonNullable<UserState['expires_at']>): number {
  if (typeof moment === 'number') return moment
  // Rows that end at -infinity are not asked for, and what Postgres has of other years is in the far future.
  if (typeof moment === 'object') return Number.isNaN(moment.getTime()) ? Infinity : moment.getTime()
  if (/^-?infinity$/i.test(moment)) return moment.startsWith('-') ? -Infinity : Infinity
  // Postgres writes `+00` for `+00:00`, and a space for the `T`.
  const iso = moment.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')
  // A moment without a zone is UTC, as the server of every Supabase project is; and not the zone of this machine.
  // eslint-disable-next-line no-restricted-globals -- reads a text, and no clock
  return Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`)
}
