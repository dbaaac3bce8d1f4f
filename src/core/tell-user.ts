import { isPromiseLike } from './promise.ts'

/** Tells a function of the user's of an error. Who is told of an error must not make another one of it. */
export function tellUser(tell: () => unknown): void {
  try {
    const told = tell()
    if (isPromiseLike(told)) told.then(undefined, () => undefined)
  } catch {
    // See above.
  }
}
