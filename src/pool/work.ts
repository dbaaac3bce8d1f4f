import { LazyAbort, type Call } from '../core/deadline.ts'
import type { LoanLease } from './lease.ts'

/** Runs `work` with a lent client and gives that back, whatever happens. */
export async function workWith<Client, T>(
  lease: LoanLease<Client>,
  work: (client: Client, call: Call) => T | PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const abort = new LazyAbort()
  const onAbort = (): void => abort.abort(signal?.reason)
  lease.loan.abort = abort
  try {
    if (signal !== undefined) {
      signal.throwIfAborted()
      signal.addEventListener('abort', onAbort)
    }
    return await work(lease.client, abort)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    lease.release()
  }
}
