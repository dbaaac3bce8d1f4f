import { execFile } from 'node:child_process'
import { debianFile } from '../servers/debian-program.ts'

/** Python's own library of Prometheus: its parser of OpenMetrics is the specification's reference. */
const PARSER = '/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py'

const SCRIPT = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
def read(text):
    try:
        return [len(list(text_string_to_metric_families(text))), None]
    except Exception as error:
        return [0, repr(error)]
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`

/** What a strict parser of somebody else says to each text: how many families there are, and why it refuses it. */
export async function parsedElsewhere(
  texts: readonly string[],
): Promise<readonly (readonly [families: number, refused: string | null])[]> {
  await debianFile(PARSER, 'python3-prometheus-client')
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 100_000_000 }
    const python = execFile('/usr/bin/python3', ['-c', SCRIPT], options, (error, said) => {
      if (error === null) resolve(JSON.parse(said) as Awaited<ReturnType<typeof parsedElsewhere>>)
      else reject(new Error('Python has failed', { cause: error }))
    })
    python.stdin?.end(JSON.stringify(texts))
  })
}
