import type { KeyAnswer, KeyOp } from './protocol-key.ts'

/** A process, and how far it has come with the update. What it remembers goes with it when it crashes. */
export interface Owner {
  phase: 'idle' | 'asking' | 'claimed' | 'running'
  token: string
  /** The store has forgotten what it granted. */
  forgotten: boolean
  /** A lease may have passed since its claim, or the last renewal of it, was sent. */
  over: boolean
  runs: number
  suspect: boolean
  /** Whether it sent the begin, and whether that was confirmed. */
  begin: 'no' | 'unsure' | 'written'
  lost: boolean
  /** It knows how the update ended. */
  knows: boolean
  /** What the store is still to be told: claims that are given back, and the end. */
  untold: KeyOp[]
  /** Tokens of runs that were given up after their time, and go on. */
  zombies: string[]
}

/** A call on its way to the store. */
export interface Message {
  readonly from: number
  readonly asked: KeyOp
  readonly why: Why
  /** Its sender waits for the answer. */
  live: boolean
  /** More than a lease has passed since it was sent. */
  stale: boolean
}

export type Why = 'claim' | 'look' | 'begin' | 'renew' | 'tell'

export interface World {
  readonly owners: Owner[]
  network: Message[]
  tokens: number
  /** What is true, whatever the store was told. */
  readonly truth: {
    /** Tokens whose run has begun. */
    ran: string[]
    /** Begins that the store did not execute before their run. */
    unwritten: number
    /** Tokens whose begin the store has executed. */
    written: string[]
    done: boolean
    parked: boolean
  }
  /** How much of each trouble is still to come. */
  readonly left: { lost: number; crashes: number; passes: number; forgets: number; zombies: number; revives: number }
}

export interface Rules {
  readonly maxAttempts: number
  /** Every run takes its process down. */
  readonly killer: boolean
  /** Asks the store, at this moment. */
  readonly store: (asked: KeyOp) => KeyAnswer
  /** Looks at the store without changing it. */
  readonly key: () => { readonly ended: string | undefined; readonly holder: string | undefined }
}

export const newOwner = (): Owner => ({
  phase: 'idle',
  token: '',
  forgotten: false,
  over: false,
  runs: 0,
  suspect: false,
  begin: 'no',
  lost: false,
  knows: false,
  untold: [],
  zombies: [],
})

export function newWorld(owners: number, left: World['left']): World {
  return {
    owners: Array.from({ length: owners }, newOwner),
    network: [],
    tokens: 0,
    truth: { ran: [], unwritten: 0, written: [], done: false, parked: false },
    left: { ...left },
  }
}
