import { describe, expect, it } from 'vitest'
import { seeded } from '../../bench/random.ts'
import { startCrew, type Crew, type CrewMember, type Fate } from '../../test/support/dedup-crew.ts'
import { forever } from '../../test/support/dedup-probe.ts'
import { key } from '../../test/support/dedup-start.ts'

const LEASE_MS = 900
const MAX_ATTEMPTS = 3
/** Enough for every trouble to come; ten times as many were walked before this was written down. */
const WALKS = 400
const STEPS = 40

type Random = () => number
type Kind = 'well' | 'fails' | 'kills' | 'hangs'

/** What is true of one update, whatever was answered. */
interface Truth {
  readonly kind: Kind
  begun: number
  /** Where its handlers go on, in processes that never stood still and were never cut off meanwhile. */
  readonly working: Set<CrewMember>
  worked: boolean
  parked: number
}

/** Processes that come and go, deliveries to them, and all that can befall them, by chance. */
class Walk {
  readonly #random: Random
  readonly #crew: Crew = startCrew()
  readonly #members: CrewMember[] = []
  readonly #updates = new Map<string, Truth>()
  readonly #paused = new Set<CrewMember>()
  readonly #cut = new Set<CrewMember>()
  readonly #faults: string[] = []
  #begins = 0
  #isCalm = false

  constructor(random: Random) {
    this.#random = random
    const kinds: readonly Kind[] = ['well', 'well', 'fails', random() < 0.5 ? 'kills' : 'hangs']
    kinds.forEach((kind, at) => {
      this.#updates.set(`${kind}-${at}`, { kind, begun: 0, working: new Set(), worked: false, parked: 0 })
    })
    for (let at = 0; at < 3; at += 1) this.#members.push(this.#crew.member())
  }

  async go(): Promise<{ begins: number; parked: number }> {
    for (let step = 0; step < STEPS; step += 1) await this.#step()
    await this.#calm()
    const truths = [...this.#updates.values()]
    for (const { kind, worked, parked } of truths)
      this.#must(kind === 'well' ? worked : parked > 0, `what ${kind} is lost`)
    expect(this.#faults).toEqual([])
    return { begins: this.#begins, parked: truths.reduce((sum, { parked }) => sum + parked, 0) }
  }

  async #step(): Promise<void> {
    const at = Math.floor(this.#random() * this.#members.length)
    const member = this.#members[at] as CrewMember
    const dice = this.#random()
    if (!member.alive) this.#members[at] = this.#crew.member()
    else if (dice < 0.45) this.#deliver(member)
    else if (dice < 0.6) this.#weather(member)
    else if (dice < 0.7) this.#pause(member)
    else if (dice < 0.75) this.#kill(member)
    await this.#crew.clock.tick(this.#random() < 0.3 ? LEASE_MS : this.#random() * 300)
  }

  /** All is well again, and the provider resends: everything comes to its end. */
  async #calm(): Promise<void> {
    this.#isCalm = true
    for (const member of this.#paused) await member.resume()
    this.#paused.clear()
    for (const [at, member] of this.#members.entries()) {
      member.weather(() => 'well')
      if (!member.alive) this.#members[at] = this.#crew.member()
    }
    for (let resend = 0; resend < 24; resend += 1) {
      const at = resend % this.#members.length
      const member = this.#members[at] as CrewMember
      if (!member.alive) this.#members[at] = this.#crew.member()
      this.#deliver(this.#members[at] as CrewMember)
      await this.#crew.clock.tick(4_000)
    }
  }

  #deliver(member: CrewMember): void {
    const updates = [...this.#updates.keys()].filter(() => this.#random() < 0.8)
    const options = {
      key,
      ...(this.#random() < 0.5 && { groupBy: () => 'one' }),
      ...(this.#random() < 0.3 && { afterFailure: 'stop' as const }),
      waitMs: this.#random() < 0.5 ? 0 : 400,
      maxAttempts: MAX_ATTEMPTS,
      handleTimeoutMs: 2_000,
      handle: (update: string, { attempt }: { attempt: number }) => this.#handle(member, { update, attempt }),
      park: (update: string) => this.#park(update),
    }
    member.dedup.each(updates, options).catch(() => undefined)
  }

  #truthOf(update: string): Truth {
    return this.#updates.get(update) as Truth
  }

  /** A throw would be taken for a failure of the handler. */
  #must(holds: boolean, what: string): void {
    if (!holds) this.#faults.push(what)
  }

  async #handle(member: CrewMember, { update, attempt }: { update: string; attempt: number }): Promise<void> {
    const truth = this.#truthOf(update)
    this.#begins += 1
    this.#must(truth.working.size === 0, `${update} runs twice at once`)
    this.#must(!this.#crew.done.has(`a:${update}`), `${update} runs again`)
    this.#must(attempt <= truth.begun + 1, `${update} counts what was not begun`)
    truth.begun += 1
    if (!this.#cut.has(member) && !this.#paused.has(member)) truth.working.add(member)
    if (truth.kind === 'kills') this.#kill(member)
    // What hangs is given up at its time, and then may be begun beside it.
    if (truth.kind === 'hangs') this.#crew.clock.after(2_000, () => truth.working.delete(member))
    // Also in the middle of a delivery, with what waits behind it in its group.
    if (!this.#isCalm && this.#random() < 0.1) this.#pause(member)
    await member.here(truth.kind === 'hangs' || truth.kind === 'kills' ? forever() : this.#takes())
    truth.working.delete(member)
    if (truth.kind === 'fails') throw new Error('it fails')
    truth.worked = true
  }

  #takes(): Promise<void> {
    return new Promise((resolve) => void this.#crew.clock.after(this.#random() * 200, resolve))
  }

  #park(update: string): void {
    const truth = this.#truthOf(update)
    this.#must(truth.begun >= MAX_ATTEMPTS, `${update} is parked without its runs`)
    truth.parked += 1
  }

  #weather(member: CrewMember): void {
    const fates: readonly Fate[] = ['well', 'well', 'lost', 'unheard', 'late', 'refused']
    const bad = this.#random() < 0.5
    if (bad) {
      this.#cut.add(member)
      this.#disturbed(member)
    } else this.#cut.delete(member)
    member.weather(() => (bad ? (fates[Math.floor(this.#random() * fates.length)] as Fate) : 'well'))
  }

  #pause(member: CrewMember): void {
    if (this.#paused.delete(member)) void member.resume()
    else {
      this.#paused.add(member)
      this.#disturbed(member)
      member.pause()
    }
  }

  /** From here on it may have lost what it has, without a way to know. */
  #disturbed(member: CrewMember): void {
    for (const { working } of this.#updates.values()) working.delete(member)
  }

  #kill(member: CrewMember): void {
    member.kill()
    this.#paused.delete(member)
    this.#disturbed(member)
  }
}

describe('processes that share a store, whatever befalls them', () => {
  it(`lose nothing, begin nothing twice, and park nothing unrun, in ${WALKS} walks`, async () => {
    const sum = { begins: 0, parked: 0 }
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const { begins, parked } = await new Walk(seeded(seed)).go().catch((error: unknown) => {
        throw new Error(`walk ${seed}`, { cause: error })
      })
      sum.begins += begins
      sum.parked += parked
    }
    console.log('walks of processes', sum)
    expect(sum.begins).toBeGreaterThan(WALKS * 4)
    expect(sum.parked).toBeGreaterThan(WALKS / 2)
  })
})
