import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** The page of a metrics endpoint in a browser, with what went wrong in it. */
export interface OpenPage {
  readonly page: Page
  /** Errors of the script and of the policy, and what else the browser warned of. */
  readonly problems: readonly string[]
  /** Every address it asked for. */
  readonly asked: readonly string[]
  /** The text of the first element of a selector. */
  text(selector: string): Promise<string>
  /** The cells of a table, row by row. */
  rows(id: string): Promise<string[][]>
}

/** Opens `/metrics?format=html` of a service. */
export async function openMetricsPage(
  browser: Browser,
  url: string,
  how: BrowserContextOptions = {},
): Promise<OpenPage> {
  const page = await (await browser.newContext(how)).newPage()
  const problems: string[] = []
  const asked: string[] = []
  page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(`${url}/metrics?format=html`)
  return {
    page,
    problems,
    asked,
    text: (selector) => page.locator(selector).first().innerText(),
    rows: (id) =>
      page.locator(`#${id} tbody tr`).evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? ''))), // prettier-ignore
  }
}

/** The lowest contrast of any colour of the page on the grounds that it is used on: text, and what is drawn. */
export function contrasts(page: Page): Promise<{ readonly text: number; readonly drawn: number }> {
  return page.evaluate(() => {
    const channel = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    const luminance = (name: string): number => {
      const probe = document.body.appendChild(document.createElement('i'))
      probe.style.color = `var(--${name})`
      const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map((each) => channel(Number(each) / 255)) // prettier-ignore
      probe.remove()
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const lowest = (names: readonly string[]): number =>
      Math.min(
        ...names.flatMap((name) =>
          ['card', 'ground'].map((ground) => {
            const [dark = 0, light = 0] = [luminance(name), luminance(ground)].sort((a, b) => a - b)
            return (light + 0.05) / (dark + 0.05)
          }),
        ),
      )
    return {
      text: lowest(['ink', 'soft', 'bad']),
      drawn: lowest(['control', 'good', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5']),
    }
  })
}
