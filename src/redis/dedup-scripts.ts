import type { RedisScript } from './port.ts'

/**
 * One string per key, of words: a version, a letter, and what belongs to it.
 *
 * | value | meaning |
 * |---|---|
 * | `2 L until runs expired written token` | leased until then, in milliseconds of the server's clock |
 * | `2 F runs expired token` | given back: free, with its counts, and by whom |
 * | `2 D proof` | done |
 * | `2 X proof` | dead: parked |
 *
 * `runs` are those that have begun, `expired` how often a lease was found to have run out, `written` is 1 when the begin of
 * this token is among the runs; the proof is the beginning of the token that ended it.
 *
 * Anything else was written by another version of this package, and counts as leased: present, never a miss.
 */
const FORMAT = `
local function read(key)
  local value = redis.call('GET', key)
  if not value then return { letter = 'N', runs = '0', expired = '0' } end
  local ends, runs, expired, written, token = string.match(value, '^2 L (%d+) (%d+) (%d+) ([01]) (.*)$')
  if ends then
    return { letter = 'L', ends = tonumber(ends), runs = runs, expired = expired, written = written, token = token }
  end
  runs, expired, token = string.match(value, '^2 F (%d+) (%d+) (.*)$')
  if runs then return { letter = 'F', runs = runs, expired = expired, token = token } end
  local letter, proof = string.match(value, '^2 ([DX]) (.*)$')
  return { letter = letter or '?', proof = proof }
end
local function lease(key, there, ends, keep)
  local value = string.format('2 L %.0f %d %d %s %s', ends, there.runs, there.expired, there.written, there.token)
  redis.call('SET', key, value, 'PX', keep)
end
`

const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** How long the counts of a key are kept after its last claim, in milliseconds. */
export const COUNTS_MS: number = 8 * 86_400_000

/**
 * ARGV: lease in ms, how long to keep counts in ms, a token for each key. Answers for each key `W runs expired` when the claim
 * was won, `D` done, `X` dead, or `L left` in ms.
 */
export const CLAIM: RedisScript = {
  text: `${FORMAT}${CLOCK}
local answers = {}
for i, key in ipairs(KEYS) do
  local there, token = read(key), ARGV[2 + i]
  local same = there.letter == 'L' and there.token == token
  if there.letter == 'D' or there.letter == 'X' then answers[i] = there.letter
  elseif there.letter == '?' then answers[i] = 'L ' .. ARGV[1]
  elseif there.letter == 'L' and there.ends > now and not same then
    answers[i] = string.format('L %.0f', there.ends - now)
  else
    if there.letter == 'L' and not same then there.expired = there.expired + 1 end
    if not same then there.written = '0' end
    there.token = token
    lease(key, there, now + ARGV[1], ARGV[2])
    answers[i] = string.format('W %d %d', there.runs, there.expired)
  end
end
return answers`,
}

/** ARGV: how long to keep counts in ms, a token for each key. Answers 1 for each key that the token owns, else 0. */
export const BEGIN: RedisScript = {
  text: `${FORMAT}
local answers = {}
for i, key in ipairs(KEYS) do
  local there = read(key)
  answers[i] = 0
  if there.letter == 'L' and there.token == ARGV[1 + i] then
    if there.written == '0' then
      there.runs = there.runs + 1
      there.written = '1'
      lease(key, there, there.ends, ARGV[1])
    end
    answers[i] = 1
  end
end
return answers`,
}

/**
 * ARGV: lease in ms, how long to keep counts in ms, for each key how far its run has come (`-`, `b` begun, `w` begun and
 * written) and the token, in one word. Answers 1 for each key that the token owns from then on, else 0.
 */
export const RENEW: RedisScript = {
  text: `${FORMAT}${CLOCK}
local answers = {}
for i, key in ipairs(KEYS) do
  local there = read(key)
  local run, token = string.sub(ARGV[2 + i], 1, 1), string.sub(ARGV[2 + i], 2)
  local owned = there.letter == 'L' and there.token == token
  if not owned and run ~= '-' then
    local free = there.letter == 'N' or (there.letter == 'L' and there.ends <= now)
      or (there.letter == 'F' and there.token ~= token)
    if free then
      if there.letter == 'N' and run == 'w' then there.runs = '1' end
      there.written = run == 'w' and '1' or '0'
      there.token = token
      owned = true
    end
  end
  if owned then lease(key, there, now + ARGV[1], ARGV[2]) end
  answers[i] = owned and 1 or 0
end
return answers`,
}

/**
 * ARGV: retention in ms, for each key a letter (`D` or `X`), `!` to write it also where nobody owns the key or `-`, and the
 * token, in one word. Answers 1 for each key that was ended so, now or before by this token, else 0.
 */
export const COMPLETE: RedisScript = {
  text: `${FORMAT}${CLOCK}
local answers = {}
for i, key in ipairs(KEYS) do
  local there = read(key)
  local letter, nobody, token = string.sub(ARGV[1 + i], 1, 1), string.sub(ARGV[1 + i], 2, 2), string.sub(ARGV[1 + i], 3)
  local proof = string.sub(token, 1, 8)
  local free = there.letter == 'N' or there.letter == 'F' or (there.letter == 'L' and there.ends <= now)
  if (there.letter == 'L' and there.token == token) or (free and nobody == '!' and letter == 'D') then
    redis.call('SET', key, '2 ' .. letter .. ' ' .. proof, 'PX', ARGV[1])
    answers[i] = 1
  else answers[i] = there.letter == letter and there.proof == proof and 1 or 0 end
end
return answers`,
}

/** ARGV: how long to keep counts in ms, for each key `b` when its run had begun or `-`, and the token, in one word. */
export const RELEASE: RedisScript = {
  text: `${FORMAT}
for i, key in ipairs(KEYS) do
  local there = read(key)
  local begun, token = string.sub(ARGV[1 + i], 1, 1) == 'b', string.sub(ARGV[1 + i], 2)
  if there.letter == 'L' and there.token == token then
    local runs = there.runs + (begun and 1 or 0) - tonumber(there.written)
    redis.call('SET', key, string.format('2 F %d %d %s', runs, there.expired, token), 'PX', ARGV[1])
  end
end
return 1`,
}

/** Answers 1 for each key that was dead, and is forgotten now, else 0. */
export const REVIVE: RedisScript = {
  text: `${FORMAT}
local answers = {}
for i, key in ipairs(KEYS) do
  local dead = read(key).letter == 'X'
  if dead then redis.call('DEL', key) end
  answers[i] = dead and 1 or 0
end
return answers`,
}
