/** Classes of SQLSTATE after which a later call may succeed: connection, shutdown, too many clients. */
const OUTAGE = /^(?:08...|57P0.|53300)$/
/** A syntax error, a missing or wrongly used table, column or right; credentials; a missing database or schema. */
const SETUP = /^(?:42...|28...|3D000|3F000)$/

/**
 * What a SQLSTATE tells: an outage may be over at the next call, a wrong setup will not.
 * See https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
export function sqlStateMeans(code: string): 'outage' | 'setup' | undefined {
  if (OUTAGE.test(code)) return 'outage'
  return SETUP.test(code) ? 'setup' : undefined
}
