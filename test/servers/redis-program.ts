import { debianProgram } from './debian-program.ts'

const HINT = `the tests talk to a real Redis, and there is none:
  Debian, Ubuntu:  apt-get install redis-server
  macOS:           brew install redis
  or name one:     TEST_REDIS_URL=redis://127.0.0.1:6379 npm test`

/** Where `redis-server` is; in a container (root on a Debian system) it is installed when it is missing. */
export function redisProgram(): Promise<string> {
  return debianProgram({ program: 'redis-server', packages: ['redis-server'], hint: HINT })
}
