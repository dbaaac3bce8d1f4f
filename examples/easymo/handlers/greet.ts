import type { Profile } from '@easymo/perf/easymo'

export interface Greeting {
  readonly to: string
  readonly text: string
}

/** Answers in the words of whoever wrote; loaded when the first message comes. */
export function handle(from: string, profile: Profile | null): Greeting {
  return { to: from, text: profile?.language === 'rw' ? `Muraho ${profile.full_name ?? ''}` : 'Hello' }
}
