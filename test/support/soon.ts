/** For what comes at once, but on a machine under load: a poll that waits this long turns red only where it never comes. */
export const SOON = { timeout: 15_000 } as const
