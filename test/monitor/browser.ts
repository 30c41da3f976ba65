// A real browser for the page's tests.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Why there is no browser; undefined when there is one. Loud, and an error where one is required. */
export const noBrowser: string | undefined = (() => {
  if (existsSync(executablePath)) return undefined
  const why = `${executablePath} is missing: apt-get install --no-install-recommends chromium-headless-shell, or set CHROMIUM`
  if (process.env.SLUICE_REQUIRE_CHROMIUM === '1') throw new Error(why)
  process.stderr.write(`THE WEB PAGE IS NOT TESTED: ${why}\n`)
  return why
})()

export function launch(): Promise<Browser> {
  // Without a sandbox only because root cannot have one; what is opened is our own page.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--font-render-hinting=none']
  return chromium.launch({ executablePath, args })
}

export interface OpenPage {
  readonly page: Page
  /** What went wrong so far: errors on the console, exceptions, breaches of the security policy. */
  readonly complaints: string[]
  /** Evaluates an expression in the page. */
  evaluate<T>(expression: string): Promise<T>
  /** Rules of WCAG that the page breaks, with the elements. */
  violations(): Promise<string[]>
  /** Fails when anything went wrong. */
  close(): Promise<void>
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    // That tests read canvases is no fault of the page.
    const ofTheTest = message.text().startsWith('Canvas2D')
    if ((message.type() === 'error' || message.type() === 'warning') && !ofTheTest) complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) complaints.push(`asked another host: ${request.url()}`)
  })
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))",
  )
  await page.goto(url)
  const evaluate = <T>(expression: string): Promise<T> => page.evaluate(expression) as Promise<T>
  return {
    page,
    complaints,
    evaluate,
    async violations() {
      await page.evaluate(axe)
      return evaluate<string[]>(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; ')))`,
      )
    },
    async close() {
      await context.close()
      assert.deepEqual(complaints, [])
    },
  }
}
