/** A fetch handler: what Deno, Bun, Workers and our `toNode` call. Further arguments are the platform's (`env`, `ctx`). */
export type Handler<Args extends readonly unknown[] = []> = (
  request: Request,
  ...args: Args
) => Response | Promise<Response>

/** Wraps a handler, and hands its further arguments on untouched. */
export type Middleware = <Args extends readonly unknown[]>(next: Handler<Args>) => Handler<Args>
