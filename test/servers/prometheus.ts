import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianProgram } from './debian-program.ts'
import { inFolder, launch, ownFolder } from './launch.ts'
import type { PrivateServer } from './server.ts'

/**
 * Starts a real Prometheus in a folder of its own.
 *
 * @param config - its configuration, as an object: JSON is YAML
 */
export async function startPrometheus(config: object): Promise<PrivateServer> {
  const command = await debianProgram({ program: 'prometheus', packages: ['prometheus'] })
  const folder = ownFolder('prometheus')
  return inFolder(folder, () => {
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
    return launch(
      {
        name: 'Prometheus',
        command,
        args: (port, own) => [
          `--config.file=${join(own, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(own, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        ready: 'Server is ready to receive web requests',
        url: (port) => `http://127.0.0.1:${port}`,
        stopSignal: 'SIGTERM',
      },
      folder,
    )
  })
}
