import { chromium, type Browser } from 'playwright-core'
import { debianProgram } from './debian-program.ts'

/** Starts a real Chromium without a window; in a container it is installed when it is missing. */
export async function startChromium(): Promise<Browser> {
  const executablePath = await debianProgram({ program: 'chromium', packages: ['chromium'] })
  // Its own sandbox does not run as root; what it opens is ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--headless', '--disable-background-networking'] })
}
