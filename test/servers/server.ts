/** A server that tests may talk to; who started it does not matter to them. */
export interface TestServer {
  readonly url: string
  /** Ends the server if we started it; leaves a server that was given to us alone. */
  stop(): Promise<void>
}

/** A server that belongs to one test, which may freeze and crash it. */
export interface PrivateServer extends TestServer {
  readonly port: number
  readonly pid: number
  /** Freezes the server and its children (SIGSTOP), as a stalled machine would; resolves when all of them stand still. */
  pause(): Promise<void>
  /** Lets a frozen server go on (SIGCONT). */
  resume(): Promise<void>
  /** Crashes the server and its children (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>
}

export interface StartOptions {
  /** A server of one's own, to freeze or crash, whatever the environment offers. */
  readonly private: true
}

/** A server that was started elsewhere and is named by the environment. */
export function givenServer(url: string): TestServer {
  return { url, stop: () => Promise.resolve() }
}
