import { inFolder, launch, ownFolder, type Launch } from './launch.ts'
import { redisProgram } from './redis-program.ts'
import { givenServer, type PrivateServer, type StartOptions, type TestServer } from './server.ts'

/** A real Redis: the one of `TEST_REDIS_URL`, else one of our own from the `redis-server` of this machine. */
export function startRedis(options: StartOptions): Promise<PrivateServer>
export function startRedis(): Promise<TestServer>
export async function startRedis(options?: StartOptions): Promise<TestServer> {
  const given = process.env['TEST_REDIS_URL']
  if (given !== undefined && options?.private !== true) return givenServer(given)

  return launchRedis()
}

/** A Redis of one's own, with more settings than a test server needs. */
export async function launchRedis(more: (port: number) => readonly string[] = () => []): Promise<PrivateServer> {
  const command = await redisProgram()
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const how: Launch = {
    name: 'Redis',
    command,
    args: (port, folder) => ['--port', String(port), '--dir', folder, ...settings, ...more(port)],
    ready: 'Ready to accept connections',
    url: (port) => `redis://127.0.0.1:${port}`,
    stopSignal: 'SIGTERM',
  }
  const folder = ownFolder('redis')
  return inFolder(folder, () => launch(how, folder))
}
