// The web page in a real headless Chromium, against answers that never change by themselves.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type FakeApi, startFakeApi } from '../../packages/monitor/page/testing/fake-api.ts'
import { fixedNow, rangesAnswer, seriesAnswer, streamsAnswer } from '../../packages/monitor/page/testing/fake-data.ts'
import type { StreamRow } from '../../packages/monitor/src/api-types.ts'
import { pageFiles, pageSecurityPolicy } from '../../packages/monitor/src/page-files.ts'
import { launch, noBrowser, open } from './browser.ts'

const HOUR = 3_600_000
const BUDGET_BYTES = 100_000
const BILLING = '?topic=orders&group=billing'
const skip = noBrowser ?? false

let browser: Browser
let api: FakeApi

before(async () => {
  if (noBrowser !== undefined) return
  ;[browser, api] = await Promise.all([launch(), startFakeApi()])
})

after(async () => {
  await browser?.close()
  await api?.close()
})

/** A number as it stands on the page. */
const numberIn = (text: string | null): number => Number((text ?? '').replaceAll('\u202f', '').replace(/[^\d.-]/g, ''))
const streamsOf = (data: FakeApi['data']): readonly StreamRow[] => streamsAnswer(data, fixedNow - HOUR, fixedNow).streams

test('monitor page - all of it fits into 100 kB, and needs nothing from elsewhere', async () => {
  const files = await pageFiles()
  const size = [...files.values()].reduce((sum, file) => sum + file.gzip.length, 0)
  assert.ok(size <= BUDGET_BYTES, `${size} bytes`)
  for (const [path, { plain }] of files) {
    const addresses = plain.toString().match(/https?:\/\/[^\s"'`)]+/g) ?? []
    assert.deepEqual(
      addresses.filter((address) => !address.startsWith('http://www.w3.org/')),
      [],
      path,
    )
  }
  const html = files.get('/')!.plain.toString()
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
  assert.match(pageSecurityPolicy, /default-src 'none'; script-src 'self'; style-src 'self'/)
})

test('monitor page - the overview shows the figures of the API', { skip }, async () => {
  const { page, close } = await open(browser, api.url)
  const rows = streamsOf(api.data)
  await page.locator('tbody tr').first().waitFor()
  assert.equal(await page.locator('tbody tr').count(), rows.length)
  for (const row of rows.filter(({ group }) => group !== null)) {
    const line = page.locator('tbody tr', { has: page.getByRole('link', { name: `${row.topic} to ${row.group}` }) })
    const shown = async (column: string): Promise<number> => numberIn(await line.locator(`[data-column=${column}]`).textContent())
    const figures = Object.fromEntries(
      await Promise.all(['missing', 'expired', 'redelivered', 'lag'].map(async (name) => [name, await shown(name)])),
    )
    const { missing, expired, redelivered, lag } = row
    assert.deepEqual(figures, { missing, expired, redelivered, lag })
  }
  const missing = rows.reduce((sum, row) => sum + row.missing, 0)
  const redelivered = rows.reduce((sum, row) => sum + row.redelivered, 0)
  assert.equal(numberIn(await page.locator('[data-figure=missing]').textContent()), missing)
  assert.equal(numberIn(await page.locator('[data-figure=redelivered]').textContent()), redelivered)
  await close()
})

test('monitor page - charts hold the series of the API, and the summary tells it', { skip }, async () => {
  const { page, evaluate, close } = await open(browser, `${api.url}${BILLING}&bin=1m`)
  await page.locator('[data-figure=delivery] canvas').waitFor()
  const { bins } = seriesAnswer(api.data, 'orders', 'billing', fixedNow - HOUR, fixedNow, 60_000)!
  // The last step is drawn to its end.
  const [times, consumed, expected] = await evaluate<number[][]>("document.querySelector('[data-figure=delivery] .plot').plot.data")
  assert.deepEqual(
    times!.slice(0, -1),
    bins.map(({ time }) => time),
  )
  assert.deepEqual(
    consumed!.slice(0, -1),
    bins.map((bin) => bin.consumed),
  )
  assert.deepEqual(
    expected!.slice(0, -1),
    bins.map((bin) => bin.expected),
  )
  const latency = await evaluate<number[][]>("document.querySelector('[data-figure=latency] .plot').plot.data")
  assert.deepEqual(
    latency[3],
    bins.map((bin) => bin.latency!.p99),
  )
  const lag = await evaluate<number[][]>("document.querySelector('[data-figure=lag] .plot').plot.data")
  assert.deepEqual(lag.slice(1), [bins.map((bin) => bin.lag), bins.map((bin) => bin.lagMs)])
  assert.match((await page.locator('[data-figure=delivery] .summary').textContent())!, /Missing in 2 of 60 bins, worst 12 at 10:14:00\./)

  await page.locator('[data-figure=delivery]').getByRole('button', { name: 'View as table' }).click()
  const first = await page.locator('[data-figure=delivery] tbody tr').first().locator('td').allTextContents()
  const last = bins.at(-1)!
  assert.deepEqual(first.map(numberIn), [last.expected, last.consumed, last.missing, last.pending, last.redelivered])
  await close()
})

test('monitor page - what has just begun fills the chart, whatever range is asked for', { skip }, async () => {
  await using own = await startFakeApi('just-begun')
  const { page, evaluate, close } = await open(browser, `${own.url}${BILLING}`)
  await page.locator('[data-figure=delivery] canvas').waitFor()
  const { min, max } = await evaluate<{ min: number; max: number }>("document.querySelector('[data-figure=delivery] .plot').plot.scales.x")
  assert.deepEqual([min, max], [fixedNow - 180_000, fixedNow])
  await close()
})

test('monitor page - findings are the exact ranges, offsets in full', { skip }, async () => {
  const { page, close } = await open(browser, `${api.url}${BILLING}&open=missing`)
  const shown = (): Promise<(string | null)[]> =>
    page.locator('dialog [data-range]').evaluateAll((items) => items.map((item) => item.getAttribute('data-range')))
  const wanted = (topic: string, group: string, kind: string): string[] =>
    rangesAnswer(api.data, topic, group, kind)!.ranges.map((range) => `${range.kind}:${range.partition}:${range.first}-${range.last}`)
  await page.locator('dialog [data-range]').first().waitFor()
  assert.deepEqual(await shown(), wanted('orders', 'billing', 'missing'))
  assert.match((await page.locator('dialog').textContent())!, /13 records in 2 ranges/)

  await page.goto(`${api.url}?topic=clicks&group=sessions&open=replayed`)
  await page.getByText('9007199254700000–9007199254740991').waitFor()
  await close()
})

test('monitor page - a range and its command are copied as text', { skip }, async () => {
  const { page, evaluate, close } = await open(browser, `${api.url}${BILLING}&open=missing`, {
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  await page.getByRole('button', { name: /^Copy all/ }).click()
  await page.getByText('copied').waitFor()
  assert.equal(
    await evaluate('navigator.clipboard.readText()'),
    'orders p3 88120–88131 (12 missing)\norders p7 91002–91002 (1 missing)'.replace('91002–91002', '91002'),
  )
  await page.getByRole('button', { name: 'Copy the kcat command that reads orders p3' }).click()
  await page.getByText('copied').nth(1).waitFor()
  assert.equal(await evaluate('navigator.clipboard.readText()'), 'kcat -b BROKER -C -t orders -p 3 -o 88120 -c 12 -e')
  await close()
})

const everyPage = [
  '',
  BILLING,
  '?page=topics',
  '?page=groups',
  '?page=interceptors',
  '?page=clients',
  '?page=alerts',
  `${BILLING}&open=all`,
]

test('monitor page - every page is accessible, in both themes', { skip }, async () => {
  const inTheme = async (colorScheme: 'light' | 'dark'): Promise<void> => {
    const { page, violations, close } = await open(browser, api.url, { colorScheme })
    for (const address of everyPage) {
      await page.goto(api.url + address)
      await page.locator('main [data-figure], main table, main li').first().waitFor()
      assert.deepEqual(await violations(), [], `${address} ${colorScheme}`)
    }
    await close()
  }
  await Promise.all([inTheme('light'), inTheme('dark')])
})

test('monitor page - nothing sticks out at 360 px, at 1280 px and at 200 % zoom', { skip }, async () => {
  const { page, evaluate, close } = await open(browser, api.url)
  for (const address of everyPage) {
    await page.goto(api.url + address)
    await page.locator('main [data-figure], main table, main li').first().waitFor()
    // 1280 px at 200 % are 640.
    for (const width of [1280, 640, 360]) {
      await page.setViewportSize({ width, height: 740 })
      // Charts follow in the frame after.
      await evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
      assert.ok((await evaluate<number>('document.documentElement.scrollWidth')) <= width, `${address} at ${width}`)
    }
  }
  await close()
})

test('monitor page - what is chosen is in the address, and the way back leads back', { skip }, async () => {
  const { page, close } = await open(browser, api.url)
  const query = (): string => new URL(page.url()).search
  await page.getByRole('link', { name: 'clicks to sessions' }).click()
  assert.equal(query(), '?topic=clicks&group=sessions')
  await page.locator('#range').selectOption('-15m')
  await page.locator('#bin').selectOption('1m')
  assert.equal(query(), '?from=-15m&topic=clicks&group=sessions&bin=1m')
  await page.locator('#live').click()
  assert.match(query(), /live=0/)
  await page.reload()
  assert.equal(await page.locator('#range').inputValue(), '-15m')
  assert.equal(await page.locator('#bin').inputValue(), '1m')
  assert.equal(await page.locator('#live').getAttribute('aria-pressed'), 'false')
  await page.goBack()
  await page.goBack()
  await page.goBack()
  await page.getByRole('heading', { name: 'Streams' }).waitFor()
  await page.getByRole('button', { name: 'Lag', exact: true }).click()
  assert.match(query(), /sort=-lag/)
  assert.equal(
    await page
      .locator('tbody th')
      .first()
      .textContent()
      .then((text) => text?.startsWith('orders')),
    true,
  )
  await page.locator('#filter').fill('ledger')
  assert.equal(await page.locator('tbody tr').count(), 1)
  assert.match(query(), /q=ledger/)
  await close()
})

test('monitor page - what changes is shown, at most once a second, and not while paused or hidden', { skip }, async () => {
  await using own = await startFakeApi()
  const { page, evaluate, close } = await open(browser, own.url)
  const missing = page.locator('[data-figure=missing]')
  const shows = (value: number): Promise<void> => page.getByText(String(value), { exact: true }).first().waitFor()
  const asked = (): number => own.asked.filter((path) => path.startsWith('streams?')).length
  await shows(13)
  const before = asked()
  const started = performance.now()
  for (let change = 1; change <= 20; change++) {
    own.change({ moreMissing: change })
    await new Promise((done) => setTimeout(done, 50))
  }
  await shows(33)
  const allowed = Math.ceil((performance.now() - started) / 1000) + 1
  assert.ok(asked() - before <= allowed, `asked ${asked() - before} times, at most ${allowed} were allowed`)

  await page.locator('#live').click()
  own.change({ moreMissing: 50 })
  await page.getByText('paused').waitFor()
  await page.evaluate('new Promise((done) => setTimeout(done, 1200))')
  assert.equal(numberIn(await missing.textContent()), 33)
  await page.locator('#live').click()
  await shows(63)

  await evaluate(
    "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }), document.dispatchEvent(new Event('visibilitychange'))",
  )
  while (own.listeners > 0) await new Promise((done) => setTimeout(done, 10))
  own.change({ moreMissing: 70 })
  await evaluate('delete document.hidden, document.dispatchEvent(new Event("visibilitychange"))')
  await shows(83)
  await close()
})

test('monitor page - a collector that went away is said to be, and caught up with when it is back', { skip }, async () => {
  await using first = await startFakeApi()
  const { page, complaints, close } = await open(browser, first.url)
  await page.getByText('13', { exact: true }).first().waitFor()
  await first.close()
  await page.locator('#lost').waitFor()
  assert.equal(numberIn(await page.locator('[data-figure=missing]').textContent()), 13)
  // Anew, and counting from the start: a revision that went down is news, too.
  await using second = await startFakeApi('busy', first.port, 1)
  second.change({ moreMissing: 7 })
  await page.getByRole('button', { name: 'Try now' }).click()
  await page.getByText('20', { exact: true }).first().waitFor()
  await page.locator('#lost').waitFor({ state: 'detached' })
  // A browser says by itself that a connection was refused.
  assert.deepEqual(
    complaints.filter((text) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(text)),
    [],
  )
  complaints.length = 0
  await close()
})

test('monitor page - an alert is told at once, figures politely', { skip }, async () => {
  await using own = await startFakeApi()
  const { page, close } = await open(browser, own.url)
  await page.locator('#polite').filter({ hasText: '6 streams, 13 missing records' }).waitFor({ state: 'attached' })
  own.change({ moreMissing: 3 })
  own.alert()
  await page
    .locator('#assertive')
    .filter({ hasText: 'Alert: records missing, orders to billing: partition 11, offsets 5000–5002.' })
    .waitFor({ state: 'attached' })
  await close()
})

test('monitor page - keys move the cursor, open the findings of a bin and lead back', { skip }, async () => {
  const { page, close } = await open(browser, `${api.url}${BILLING}&bin=1m`)
  const chart = page.getByRole('slider', { name: /^Delivery/ })
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
  await chart.focus()
  await page.keyboard.press('End')
  assert.match((await chart.getAttribute('aria-valuetext'))!, /^10:14:00: expected .* 12 missing/)
  // All charts share the cursor.
  assert.match((await page.getByRole('slider', { name: /^Latency/ }).getAttribute('aria-valuetext'))!, /^10:14:00: p50/)
  await page.keyboard.press('ArrowLeft')
  assert.match((await chart.getAttribute('aria-valuetext'))!, /^10:13:00/)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: /^Findings: bin 10:14:00/ }).waitFor()
  assert.deepEqual(await page.locator('dialog [data-range]').count(), 1)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), await chart.getAttribute('aria-label'))

  const strip = page.getByRole('application')
  await strip.focus()
  for (const key of ['Home', 'End', 'ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
  assert.match((await page.locator('#strip-cell').textContent())!, /^p3: lag .* at 10:14:50.*12 missing/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Findings: partition 3' }).waitFor()
  await close()
})

test('monitor page - what is drawn can be read: axis text in the dark, red where records are missing', { skip }, async () => {
  const { page, evaluate, close } = await open(browser, `${api.url}${BILLING}&bin=1m`, { colorScheme: 'dark' })
  await page.locator('[data-figure=delivery] canvas').waitFor()
  const pixels = (left: string, width: string, top: string, height: string): Promise<[number, number, number, number][]> =>
    evaluate(`(() => {
      const { plot } = document.querySelector('[data-figure=delivery] .plot')
      const { data } = plot.ctx.getImageData(${left}, ${top}, ${width}, ${height})
      return Array.from({ length: data.length / 4 }, (_, index) => [...data.slice(index * 4, index * 4 + 4)])
    })()`)
  const surface = (await evaluate<string>("getComputedStyle(document.querySelector('.panel')).backgroundColor")).match(/\d+/g)!.map(Number)
  const axis = await pixels('0', 'plot.bbox.left - 4', 'plot.bbox.top', 'plot.bbox.height')
  const best = Math.max(...axis.filter(([, , , alpha]) => alpha > 250).map((pixel) => contrast(pixel, surface)))
  assert.ok(best >= 4.5, `axis text has a contrast of ${best.toFixed(2)}`)
  // The band of a bin lies on top of what was consumed in it.
  const { time, consumed } = seriesAnswer(api.data, 'orders', 'billing', fixedNow - HOUR, fixedNow, 60_000)!.bins.at(-1)!
  assert.equal(time, Date.parse('2026-03-14T10:14:00Z'))
  const left = `Math.round(plot.valToPos(${time + 30_000}, 'x', true)) - 2`
  const band = await pixels(left, '5', `Math.round(plot.valToPos(${consumed}, 'y', true)) - 2`, '1')
  assert.ok(
    band.every(([red, green, blue]) => red > 180 && green < 140 && blue < 140),
    String(band[0]),
  )
  await close()
})

test('monitor page - colours and time zone are kept, and charts follow them', { skip }, async () => {
  const { page, evaluate, close } = await open(browser, `${api.url}${BILLING}`, { timezoneId: 'America/New_York' })
  await page.locator('[data-figure=delivery] canvas').waitFor()
  const stroke = (): Promise<string> => evaluate("document.querySelector('[data-figure=delivery] .plot').plot.axes[0].stroke()")
  const before = await stroke()
  assert.match((await page.locator('[data-figure=delivery] .summary').textContent())!, /at 06:14:00/)
  await page.locator('#theme').click()
  await page.locator('#theme').click()
  await page.locator('#zone').click()
  await page.locator('[data-figure=delivery] .summary').filter({ hasText: 'at 10:14:00' }).waitFor()
  assert.notEqual(await stroke(), before)
  await page.reload()
  await page.locator('[data-figure=delivery] .summary').filter({ hasText: 'at 10:14:00' }).waitFor()
  assert.equal(await evaluate("document.documentElement.dataset.theme + ' ' + getComputedStyle(document.body).colorScheme"), 'dark dark')
  await close()
})

test('monitor page - with nothing to show it says why, and what to do', { skip }, async () => {
  for (const [scenario, address, words] of [
    ['nothing', '', [/No reports yet/, /monitor\(\)/, /topic _sluice\.monitor on localhost:9092/, /LogAppendTime/]],
    ['no-consumers', '', [/Producers report, consumers do not/, /billing, search commit offsets but send no reports/]],
    ['empty-range', BILLING, [/No records in this range/, /The last report came at 10:02:00/]],
  ] as const) {
    await using own = await startFakeApi(scenario)
    const { page, violations, close } = await open(browser, own.url + address)
    await page.locator('.empty').waitFor()
    const text = (await page.locator('main').innerText()).replace(/\s+/g, ' ')
    for (const word of words) assert.match(text, word)
    assert.deepEqual(await violations(), [], scenario)
    if (scenario === 'empty-range') {
      await page.getByRole('button', { name: 'Jump there' }).click()
      assert.match(page.url(), /from=\d+&to=\d+/)
    }
    await close()
  }
})

test('monitor page - an answer that makes no sense breaks one page, and no other', { skip }, async () => {
  const { page, complaints, close } = await open(browser, api.url)
  await page.route('**/api/v1/clients', (route) => route.fulfill({ json: { revision: 41, clients: [null] } }))
  await page.goto(`${api.url}?page=clients`)
  await page.locator('#failed').waitFor()
  assert.ok(complaints.splice(0).every((text) => text.startsWith('warning: TypeError')))
  await page.getByRole('link', { name: 'Topics' }).click()
  await page.getByRole('heading', { name: 'Topics' }).waitFor()
  await close()
})

function contrast(a: readonly number[], b: readonly number[]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((left, right) => right - left)
  return (light! + 0.05) / (dark! + 0.05)
}

function luminance([red, green, blue]: readonly number[]): number {
  const linear = (value: number): number => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  return 0.2126 * linear(red!) + 0.7152 * linear(green!) + 0.0722 * linear(blue!)
}
