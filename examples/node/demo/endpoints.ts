interface Performance {
  readonly metrics: {
    readonly histograms: Readonly<
      Record<string, { readonly count: number; readonly p50: number; readonly p90: number; readonly p99: number }>
    >
  }
}

/** Reads the service's own endpoints, as an operator would: what they say of the traffic that has just been sent. */
export async function endpoints(url: string): Promise<readonly string[]> {
  const read = (path: string): Promise<Response> => fetch(url + path)
  const json = (await (await read('/metrics')).json()) as Performance
  const {
    count = 0,
    p50 = 0,
    p90 = 0,
    p99 = 0,
  } = json.metrics.histograms['http_request_duration_ms{route="/webhook"}'] ?? {}
  const [text, open, page, health] = await Promise.all(
    ['/metrics?format=prometheus', '/metrics?format=openmetrics', '/metrics?format=html', '/health'].map(read),
  )
  const { status } = (await health?.json()) as { status: string }
  return [
    `${url}/metrics`,
    `  JSON                     ${count} requests, p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}`,
    `  ?format=prometheus       ${samples(await text?.text())} samples`,
    `  ?format=openmetrics      ${samples(await open?.text())} samples`,
    `  ?format=html             ${page?.status}, a page for people: open it with --keep`,
    `${url}/health`,
    `  ${health?.status} ${status}`,
  ].map((line) => `  ${line}`)
}

const ms = (value: number): string => `${value.toFixed(1)} ms`

const samples = (text = ''): number => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
