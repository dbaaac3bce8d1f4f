import { OptionError, PerfError } from '../core/errors.ts'
import { takesRequest } from '../core/handler.ts'

/** Handles one request, with the handler that comes with it. */
export type RequestMiddleware = (
  request: Request,
  handler: (request: Request) => Response | Promise<Response>,
) => Promise<Response>

/** Refuses a handler where the options are due. @throws OptionError `ERR_PERF_OPTION` */
export function takesConfig(what: string, config: unknown): void {
  if (typeof config === 'function')
    throw new OptionError(`${what} takes options: write await ${what}({ ... })(request, handler)`)
}

/**
 * Refuses what is no request with its handler: at once and not by a promise, because Express 4 hears of no rejection.
 *
 * @throws PerfError `ERR_PERF_WRONG_CALL`
 */
export function takesBoth(what: string, request: unknown, handler: unknown): void {
  if (typeof handler !== 'function') {
    const right = `write await ${what}({ ... })(request, handler)`
    throw new PerfError('ERR_PERF_WRONG_CALL', `what ${what} gives takes a request and its handler: ${right}`)
  }
  takesRequest(what, request)
}
