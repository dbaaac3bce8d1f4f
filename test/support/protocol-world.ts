import type { KeyAnswer, KeyOp } from './protocol-key.ts'
import { newOwner, type Message, type Owner, type Rules, type Why, type World } from './protocol-state.ts'

const isSame = (one: KeyOp, other: KeyOp): boolean => JSON.stringify(one) === JSON.stringify(other)

class Broken extends Error {}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what)
}

/** Everything that can happen next. */
export function steps(world: World, rules: Rules): (() => void)[] {
  const moves = new Moves(world, rules)
  return [...world.owners.keys()].flatMap((at) => moves.ofOwner(at)).concat(moves.ofNetwork(), moves.ofTheWorld())
}

class Moves {
  readonly #world: World
  readonly #rules: Rules

  constructor(world: World, rules: Rules) {
    this.#world = world
    this.#rules = rules
  }

  ofOwner(at: number): (() => void)[] {
    const owner = this.#at(at)
    const waits = this.#world.network.some(({ from, live, why }) => from === at && live && why !== 'renew')
    const moves: (() => void)[] = []
    if (this.#world.left.crashes > 0 && owner.phase !== 'idle') moves.push(() => this.#crash(at))
    for (const token of owner.zombies) moves.push(() => this.#zombieEnds(owner, token))
    if (waits) return moves
    const [untold] = owner.untold
    if (untold !== undefined) moves.push(() => this.#send(at, untold, 'tell'))
    if (owner.phase === 'idle' && !owner.knows) moves.push(() => this.#claim(at))
    if (owner.phase === 'claimed') moves.push(() => this.#goOn(at))
    if (owner.phase === 'running') moves.push(...this.#ofRun(at))
    return moves
  }

  ofNetwork(): (() => void)[] {
    const { network, left } = this.#world
    return network.flatMap((message) => {
      const moves = [() => this.#arrives(message, 'answered')]
      if (left.lost === 0) return moves
      const loses = (how: 'lost' | 'unheard' | 'late') => (): void => {
        left.lost -= 1
        this.#arrives(message, how)
      }
      return message.live ? [...moves, loses('lost'), loses('unheard'), loses('late')] : [...moves, loses('lost')]
    })
  }

  ofTheWorld(): (() => void)[] {
    const { left } = this.#world
    const moves: (() => void)[] = []
    if (left.passes > 0) moves.push(() => this.#pass())
    if (left.forgets > 0) moves.push(() => this.#forget())
    if (left.revives > 0 && this.#rules.key().ended === 'dead') moves.push(() => this.#revive())
    return moves
  }

  #at(at: number): Owner {
    const owner = this.#world.owners[at]
    if (owner === undefined) throw new Error('no such owner')
    return owner
  }

  #send(from: number, asked: KeyOp, why: Why): void {
    this.#world.network.push({ from, asked, why, live: true, stale: false })
  }

  #claim(at: number): void {
    const owner = this.#at(at)
    owner.token = `t${(this.#world.tokens += 1)}`
    owner.phase = 'asking'
    this.#send(at, { op: 'claim', token: owner.token }, 'claim')
  }

  /** Before the begin: the lease is looked at, a suspect is written down or parked. */
  #goOn(at: number): void {
    const owner = this.#at(at)
    const { token, suspect, runs, begin } = owner
    if (owner.over) return this.#send(at, { op: 'renew', token, begun: false }, 'look')
    if (suspect && runs >= this.#rules.maxAttempts) return this.#park(owner)
    if (suspect && begin === 'no') {
      owner.begin = 'unsure'
      return this.#send(at, { op: 'begin', token }, 'begin')
    }
    this.#begins(owner)
  }

  #begins(owner: Owner): void {
    const { truth } = this.#world
    const { ended, holder } = this.#rules.key()
    must(owner.forgotten || !(truth.done && ended === 'done'), 'a done update runs again')
    must(owner.forgotten || holder === owner.token, 'a run begins under a lease that is not its own')
    must(owner.runs <= this.#begun, 'a claim without a run is counted as one')
    if (owner.suspect && !truth.written.includes(owner.token)) truth.unwritten += 1
    truth.ran.push(owner.token)
    if (this.#rules.killer) {
      const most = this.#rules.maxAttempts + 2 + truth.unwritten
      must(truth.ran.length <= most, `a killer runs more often than ${most} times`)
    }
    owner.phase = 'running'
  }

  #ofRun(at: number): (() => void)[] {
    const owner = this.#at(at)
    // Costs no crash of those that are left: it always does.
    if (this.#rules.killer) return [() => this.#dies(at)]
    const { token, begin, lost } = owner
    const renewing = this.#world.network.some(({ from, live, why }) => from === at && live && why === 'renew')
    const moves = [() => this.#done(owner), () => this.#fails(owner)]
    if (!lost && !renewing && this.#world.network.length < 2)
      moves.push(() => this.#send(at, { op: 'renew', token, begun: begin === 'no' ? true : 'written' }, 'renew'))
    if (this.#world.left.zombies > 0)
      moves.push(() => {
        this.#world.left.zombies -= 1
        owner.zombies.push(token)
        this.#giveBack(owner, true)
      })
    return moves
  }

  #done(owner: Owner): void {
    this.#world.truth.done = true
    this.#ends(owner, { op: 'end', token: owner.token, as: 'done', ifNobody: true })
  }

  #fails(owner: Owner): void {
    if (owner.runs + 1 >= this.#rules.maxAttempts) this.#park(owner)
    else this.#giveBack(owner, true)
  }

  #park(owner: Owner): void {
    const { truth } = this.#world
    must(this.#begun >= this.#rules.maxAttempts, 'parked without as many begun runs')
    truth.parked = true
    this.#ends(owner, { op: 'end', token: owner.token, as: 'dead', ifNobody: false })
  }

  #zombieEnds(owner: Owner, token: string): void {
    owner.zombies = owner.zombies.filter((other) => other !== token)
    this.#world.truth.done = true
    owner.untold.push({ op: 'end', token, as: 'done', ifNobody: true })
  }

  #ends(owner: Owner, end: KeyOp): void {
    owner.untold.push(end)
    this.#leave(owner)
    owner.knows = true
  }

  #giveBack(owner: Owner, begun: boolean): void {
    owner.untold.push({ op: 'release', token: owner.token, begun })
    this.#leave(owner)
  }

  #leave(owner: Owner): void {
    const at = this.#world.owners.indexOf(owner)
    for (const message of this.#world.network) if (message.from === at && message.why !== 'tell') message.live = false
    Object.assign(owner, { ...newOwner(), knows: owner.knows, untold: owner.untold, zombies: owner.zombies })
  }

  #crash(at: number): void {
    this.#world.left.crashes -= 1
    this.#dies(at)
  }

  #dies(at: number): void {
    for (const message of this.#world.network) if (message.from === at) message.live = false
    this.#world.owners[at] = newOwner()
  }

  #arrives(message: Message, how: 'answered' | 'lost' | 'unheard' | 'late'): void {
    // What nobody answered may come a second time: a driver sends it again after a reconnect.
    if (how !== 'late' && how !== 'unheard') this.#remove(message)
    const { live } = message
    if (how === 'late' || how === 'unheard') message.live = false
    const answer = how === 'lost' || how === 'late' ? undefined : this.#executed(message.asked)
    if (live) this.#hears(message, how === 'answered' ? { answer } : undefined)
  }

  /**
   * With the begins that are written and not followed by their run: whether a process died, or stood still, just before
   * its run or in it, nobody can tell.
   */
  get #begun(): number {
    const { ran, written } = this.#world.truth
    return new Set([...ran, ...written]).size
  }

  #executed(asked: KeyOp): KeyAnswer {
    const { truth } = this.#world
    const before = this.#rules.key().holder
    const answer = this.#rules.store(asked)
    if (asked.op === 'begin' && answer === true) truth.written = [...new Set([...truth.written, asked.token])]
    // A begin that nobody went on from is taken back by its own token.
    if (asked.op === 'release' && !asked.begun && before === asked.token && truth.written.includes(before))
      truth.written = truth.written.filter((token) => token !== before)
    return answer
  }

  #remove(message: Message): void {
    this.#world.network = this.#world.network.filter((other) => other !== message)
  }

  #hears({ from, asked, why, stale }: Message, told: { readonly answer: KeyAnswer } | undefined): void {
    const owner = this.#at(from)
    if (why === 'tell') {
      if (told !== undefined) owner.untold = owner.untold.filter((other) => !isSame(other, asked))
      return
    }
    if (why === 'claim') return this.#hearsOfClaim(owner, told?.answer, stale)
    if (why === 'begin') return this.#hearsOfBegin(owner, told?.answer)
    if (told === undefined) return why === 'look' ? this.#notBegun(owner) : undefined
    if (told.answer === true) owner.over = stale
    else if (why === 'look') this.#notBegun(owner)
    else owner.lost = true
  }

  #hearsOfClaim(owner: Owner, answer: KeyAnswer, stale: boolean): void {
    const [won, runs, expired] = typeof answer === 'string' ? answer.split(' ') : []
    if (won === 'won') {
      Object.assign(owner, { phase: 'claimed', over: stale, runs: Number(runs), suspect: Number(expired) >= 2 })
      return
    }
    owner.knows = answer === 'done' || answer === 'dead'
    if (answer === undefined) this.#giveBack(owner, false)
    else this.#leave(owner)
  }

  #hearsOfBegin(owner: Owner, answer: KeyAnswer): void {
    if (answer === true) owner.begin = 'written'
    else if (answer === false) this.#notBegun(owner)
  }

  /** Lost, or nobody says whose it is: not begun. */
  #notBegun(owner: Owner): void {
    this.#giveBack(owner, false)
  }

  #pass(): void {
    const { owners, network, left } = this.#world
    left.passes -= 1
    this.#rules.store({ op: 'pass' })
    for (const owner of owners) owner.over = true
    for (const message of network) message.stale = true
  }

  #forget(): void {
    this.#world.left.forgets -= 1
    this.#world.truth.done = false
    for (const owner of this.#world.owners) owner.forgotten = owner.phase !== 'idle'
    this.#rules.store({ op: 'forget' })
  }

  #revive(): void {
    const { owners, left, truth } = this.#world
    left.revives -= 1
    Object.assign(truth, { parked: false })
    this.#rules.store({ op: 'revive' })
    for (const owner of owners) if (owner.phase === 'idle') owner.knows = false
  }
}
