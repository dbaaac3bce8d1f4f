import type { RedisScript } from './port.ts'

/**
 * One string per key, of words: a version, a letter, and what belongs to it.
 *
 * | value | meaning |
 * |---|---|
 * | `1 L until attempt token` | leased until then, in milliseconds of the server's clock |
 * | `1 F attempt` | given back after a failure: free, with its attempts |
 * | `1 D` | done |
 * | `1 X` | dead: parked |
 *
 * Anything else was written by another version of this package, and counts as leased: present, never a miss.
 */
const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** How long the attempts of a key are kept after its last claim, in milliseconds. */
export const ATTEMPTS_MS: number = 8 * 86_400_000

/**
 * ARGV: token, lease in ms, how long to keep attempts in ms. Answers one number per key: the attempt when the claim was
 * won, 0 done, -1 dead, -2 - left leased for `left` ms.
 */
export const CLAIM: RedisScript = {
  text: `${CLOCK}
local answers = {}
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  local attempt = 1
  local answer
  if value then
    local letter, first, second = string.match(value, '^1 (%a) ?(%d*) ?(%d*)')
    first, second = tonumber(first), tonumber(second)
    if letter == 'D' then answer = 0
    elseif letter == 'X' then answer = -1
    elseif letter == 'F' and first then attempt = first + 1
    elseif letter == 'L' and first and first > now then answer = -2 - (first - now)
    elseif letter == 'L' and first and second then attempt = second + 1
    else answer = -2 - ARGV[2] end
  end
  if not answer then
    local lease = string.format('1 L %.0f %d %s', now + ARGV[2], attempt, ARGV[1])
    redis.call('SET', key, lease, 'PX', ARGV[3])
    answer = attempt
  end
  answers[i] = answer
end
return answers`,
}

/** ARGV: token, lease in ms, how long to keep attempts in ms. Answers 1 for each key that the token still owns, else 0. */
export const RENEW: RedisScript = {
  text: `${CLOCK}
local answers = {}
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  local attempt, token = string.match(value or '', '^1 L %d+ (%d+) (.*)$')
  if token == ARGV[1] then
    redis.call('SET', key, string.format('1 L %.0f %d %s', now + ARGV[2], attempt, token), 'PX', ARGV[3])
    answers[i] = 1
  else answers[i] = 0 end
end
return answers`,
}

/** ARGV: token, letter, retention in ms. Answers 1 for each key that the token still owned, else 0. */
export const COMPLETE: RedisScript = {
  text: `
local answers = {}
for i, key in ipairs(KEYS) do
  local token = string.match(redis.call('GET', key) or '', '^1 L %d+ %d+ (.*)$')
  if token == ARGV[1] then
    redis.call('SET', key, '1 ' .. ARGV[2], 'PX', ARGV[3])
    answers[i] = 1
  else answers[i] = 0 end
end
return answers`,
}

/** ARGV: token, how long to keep attempts in ms. */
export const RELEASE: RedisScript = {
  text: `
for i, key in ipairs(KEYS) do
  local attempt, token = string.match(redis.call('GET', key) or '', '^1 L %d+ (%d+) (.*)$')
  if token == ARGV[1] then redis.call('SET', key, '1 F ' .. attempt, 'PX', ARGV[2]) end
end
return 1`,
}
