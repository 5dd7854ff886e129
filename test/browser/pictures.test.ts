/** The pictures in docs/compare.md: of the real page, of the turns in examples/compare. `npm run docs` takes them anew. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compare } from '../../src/compare/compare.ts'
import { comparePage } from '../../src/compare/page.ts'
import { parseRecording } from '../../src/recording/format.ts'
import { describeBrowser, type ShownPage } from './shown.ts'

const inProject = (path: string): URL => new URL(`../../${path}`, import.meta.url)
const LABELS = ['atlas-large', 'atlas-mini']

async function examplePage(): Promise<string> {
  const turns = LABELS.map((name) =>
    parseRecording(readFileSync(inProject(`examples/compare/${name}.recording`), 'utf8')),
  )
  const prices = JSON.parse(readFileSync(inProject('examples/compare/prices.json'), 'utf8'))
  const prompt = 'Plan a weekend in Lisbon from Berlin for two, at most 900 euros. Look things up before you answer.'
  return comparePage([{ name: 'Weekend in Lisbon', comparison: compare(turns, { labels: LABELS, prices }) }], {
    prompt,
  })
}

/** Takes the picture, if pictures are to be taken. */
async function pictured({ page }: ShownPage, name: string, from: string, to?: string): Promise<void> {
  if (process.env['ONEFOLD_UPDATE_DOCS'] !== '1') return
  const path = inProject(`docs/${name}`).pathname
  if (to === undefined) {
    await page
      .locator(from)
      .evaluate((element) => window.scrollTo(0, element.getBoundingClientRect().top + scrollY - 52))
    await page.screenshot({ path })
    return
  }
  const [top, bottom] = await Promise.all([page.locator(from).boundingBox(), page.locator(to).boundingBox()])
  if (top === null || bottom === null) throw new Error(`${from} or ${to} is not shown`)
  const clip = { x: 0, y: top.y - 20, width: 1200, height: bottom.y + bottom.height - top.y + 40 }
  await page.screenshot({ path, fullPage: true, clip })
}

/** The size in the head of a PNG. */
function sizeOf(name: string): readonly [number, number] {
  const bytes = readFileSync(inProject(`docs/${name}`))
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG')
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

describeBrowser('the pictures of docs/compare.md', (browser) => {
  test('show the page of the examples, wide and on a phone in dark colours, and it makes no noise', async () => {
    const html = await examplePage()
    const wide = await browser.page(html, { width: 1200, height: 1000 })
    await pictured(wide, 'compare-page.png', '#answers', '#timeline')
    const phone = await browser.page(html, { width: 390, height: 844, scheme: 'dark', isPhone: true })
    await pictured(phone, 'compare-phone.png', '#r1')
    expect(await wide.page.locator('#answers del, #answers ins').count()).toBeGreaterThan(4)
    expect(await wide.page.locator('#timeline svg.chart').isVisible()).toBe(true)
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect([...(await wide.noise()), ...(await phone.noise())]).toEqual([])
  })

  test('stand beside it', () => {
    const page = readFileSync(inProject('docs/compare.md'), 'utf8')
    expect(page).toContain('(compare-page.png)')
    expect(page).toContain('"compare-phone.png"')
    expect(sizeOf('compare-page.png')[0]).toBe(1200)
    expect(sizeOf('compare-phone.png')[0]).toBe(390)
  })
})
