/** The page of a comparison in a real browser: what is seen, what keys do, and that nothing in the answers does anything. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { compare, comparePage } from '../../src/compare.ts'
import {
  call,
  HOSTILE,
  HOSTILE_SEEN,
  messageOf,
  ordinaryTurns,
  pageOf,
  text,
  thinking,
  turnOf,
} from '../compare/pages.ts'
import { describeBrowser } from './shown.ts'

const WIDE = 1280
const PHONE = { width: 360, height: 740, isPhone: true } as const

/** Left edges of the cells of a row, and whether anything is wider than the page. */
async function layoutOf(page: Page): Promise<{ readonly lefts: readonly number[]; readonly overflow: number }> {
  return page.evaluate(() => ({
    lefts: [...document.querySelectorAll('.row .cells')]
      .slice(-1)
      .flatMap((cells) => [...cells.children].map((cell) => Math.round(cell.getBoundingClientRect().left))),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }))
}

describeBrowser('the page of a comparison', (browser) => {
  it('shows the answers in columns, lets a keyboard in, folds by key, and jumps from difference to difference', async () => {
    const { page, noise } = await browser.page(await pageOf(...ordinaryTurns()))
    const { lefts, overflow } = await layoutOf(page)
    expect(lefts).toHaveLength(2)
    expect(lefts[1]).toBeGreaterThan(lefts[0]! + WIDE / 4)
    expect(overflow).toBe(0)

    await page.keyboard.press('Tab')
    const skip = page.getByRole('link', { name: 'Skip to the content' })
    expect(await skip.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await skip.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
    expect((await skip.boundingBox())?.x).toBeGreaterThanOrEqual(0)
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')

    const fold = page.locator('details.thinking').first()
    const isOpen = (): Promise<boolean> => fold.evaluate((element) => (element as HTMLDetailsElement).open)
    expect(await isOpen()).toBe(false)
    await fold.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await isOpen()).toBe(true)
    await page.keyboard.press('Space')
    expect(await isOpen()).toBe(false)

    const stops: string[] = []
    const current = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '')
    for (let at = 0; at < 3; at += 1) {
      await page.keyboard.press('n')
      stops.push(await current())
      expect(await page.evaluate(() => document.querySelectorAll('.now').length)).toBeGreaterThan(0)
      await expect.poll(() => page.locator('.now').first().isVisible()).toBe(true)
    }
    expect(new Set(stops).size).toBe(3)
    expect(stops[0]).toBe('flights')
    expect(await page.locator('.where[role=status]').textContent()).toMatch(/^3 of \d+$/)
    await page.keyboard.press('p')
    expect(await current()).toBe(stops[1])
    await page.getByRole('button', { name: 'next' }).click()
    expect(await current()).toBe(stops[2])
    expect(await noise()).toEqual([])
  })

  it('opens what a difference is folded in, and all at once', async () => {
    const turns = [messageOf([thinking('one two three')]), messageOf([thinking('one two four')])]
    const { page } = await browser.page(await pageOf(...turns))
    await page.keyboard.press('n')
    expect(await page.locator('ins', { hasText: 'four' }).isVisible()).toBe(true)
    await page.getByRole('button', { name: 'open all' }).click()
    expect(await page.locator('main details:not([open])').count()).toBe(0)
    await page.getByRole('button', { name: 'close all' }).click()
    expect(await page.locator('main details[open]').count()).toBe(0)
  })

  it('goes by links from each difference to its place, and reads the chart by pointer and by key', async () => {
    const { page, noise } = await browser.page(await pageOf(...ordinaryTurns()))
    await page.locator('.differences a').first().focus()
    await page.keyboard.press('Enter')
    expect(await page.locator(':target').getAttribute('class')).toContain('row')
    const output = page.locator('.scrub output')
    await page.locator('.chart').hover({ position: { x: 400, y: 60 } })
    expect(await output.textContent()).toMatch(/s to .* s · .*A.*: .*·.*B/)
    await page.locator('.scrub input').focus()
    const before = await output.textContent()
    await page.keyboard.press('ArrowRight')
    expect(await output.textContent()).not.toBe(before)
    expect(await page.locator('.cross').getAttribute('visibility')).toBe('visible')
    expect(await noise()).toEqual([])
  })

  it('is dark where the system is, and as the button says', async () => {
    const { page } = await browser.page(await pageOf(...ordinaryTurns()), { scheme: 'dark' })
    const brightness = async (): Promise<readonly [ground: number, ink: number]> =>
      page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body)
        const sum = (value: string): number => (value.match(/\d+/g) ?? []).reduce((all, part) => all + Number(part), 0)
        return [sum(backgroundColor), sum(color)] as const
      })
    const button = page.getByRole('button', { name: 'theme' })
    const seen: boolean[] = []
    for (let at = 0; at < 3; at += 1) {
      const [ground, ink] = await brightness()
      seen.push(ground < ink)
      await button.click()
    }
    expect(seen).toEqual([true, true, false])
    expect(await button.textContent()).toBe('theme: auto')
  })

  it('goes through the sides of a row one behind the other where they go on beside the page, and shows that they do', async () => {
    // The last sides differ first: in the order of the lines it would begin with them.
    const words = Array.from({ length: 80 }, (_, at) => `word${at}`)
    const textOf = (side: number): string => words.with(78 - side * 9, `other${side}`).join(' ')
    const turns = Array.from({ length: 8 }, (_, side) => messageOf([text(textOf(side)), call('f', { side })]))
    const { page, noise } = await browser.page(await pageOf(...turns), { width: 900 })
    const box = page.locator('.scroll:has(> .answers)')
    const sides = (): Promise<readonly boolean[]> =>
      box.evaluate(({ classList }) => [classList.contains('before'), classList.contains('after')])
    await expect.poll(sides).toEqual([false, true])
    await box.evaluate((element) => element.scrollTo(400, 0))
    await expect.poll(sides).toEqual([true, true])
    await box.evaluate((element) => element.scrollTo(9999, 0))
    await expect.poll(sides).toEqual([true, false])
    const seen: number[] = []
    await page.locator('.skip').focus()
    await page.evaluate(() => scrollTo(0, 0))
    for (let at = 0; at < 8; at += 1) {
      await page.keyboard.press('n')
      const [side, left, right] = await page.evaluate(() => {
        const cell = document.activeElement?.closest('.cell') ?? document.body
        const mark = (document.activeElement ?? document.body).getBoundingClientRect()
        return [[...(cell.parentElement?.children ?? [])].indexOf(cell), mark.left, mark.right] as const
      })
      if (seen.at(-1) !== side) seen.push(side)
      const edges = await box.boundingBox()
      expect(left).toBeGreaterThanOrEqual(edges?.x ?? Infinity)
      expect(right).toBeLessThanOrEqual((edges?.x ?? 0) + (edges?.width ?? 0))
    }
    expect(seen.length).toBeGreaterThan(3)
    expect(seen).toEqual(seen.map((_, at) => at + 1))
    expect(await noise()).toEqual([])
  })

  it('tells long names apart by their ends, and always shows which is the reference', async () => {
    const start = 'a-very-long-name-of-a-provider-and-of-its-model-that-goes-on-and-on-in-the-same-way-for-a-while-'
    const labels = [`${start}large`, `${start}mini`, `${start}nano`]
    const comparison = compare(
      labels.map((label) => messageOf([text(label)])),
      { labels },
    )
    const { page } = await browser.page(await comparePage([{ name: 'a', comparison }]), { width: 1000 })
    const heads = await page.locator('.heads .head').evaluateAll((all) =>
      all.map((head) => {
        const right = head.getBoundingClientRect().right
        const isSeen = (part: Element | null): boolean => part !== null && part.getBoundingClientRect().right <= right
        return [
          isSeen(head.querySelector('.end')),
          head.querySelector('.end')?.textContent,
          isSeen(head.querySelector('.tag')),
        ]
      }),
    )
    expect(heads.map(([isSeen]) => isSeen)).toEqual([true, true, true])
    expect(heads.map(([, end]) => String(end).slice(-5))).toEqual(['large', '-mini', '-nano'])
    expect(heads.map(([, , tag]) => tag)).toEqual([true, false, false])
    const labelled = await page.locator('svg.chart text.label').allTextContents()
    expect(new Set(labelled).size).toBe(labelled.length)
  })

  it('fits a phone with many cases: all columns are seen, or it scrolls in its box', async () => {
    const comparison = compare([messageOf([text('a')]), messageOf([text('b'), call('f', {})])], {
      labels: ['examples-monday', 'examples-tuesday'],
    })
    const entries = ['first', 'a/case/with-a-long-name/and-another'].map((name) => ({ name, comparison }))
    const { page } = await browser.page(await comparePage(entries), PHONE)
    expect((await layoutOf(page)).overflow).toBe(0)
    const last = await page.locator('table.cases tbody tr').last().locator('td').last().boundingBox()
    expect((last?.x ?? PHONE.width) + (last?.width ?? 0)).toBeLessThanOrEqual(PHONE.width)
  })

  it('fits a phone: one column, each cell with its side, and nothing wider than the page', async () => {
    const long = 'unbroken'.repeat(200)
    const [one, two] = ordinaryTurns()
    const odd = turnOf(messageOf([text(long), call(long, { [long]: long })], { model: long }), [1], [2])
    const comparison = compare([one, two, odd], { labels: ['first', long, 'third'] })
    const { page, noise } = await browser.page(await comparePage([{ name: long, comparison }], { prompt: long }), PHONE)
    const { lefts, overflow } = await layoutOf(page)
    expect(new Set(lefts).size).toBe(1)
    expect(overflow).toBe(0)
    expect(await page.locator('.cell .side').first().isVisible()).toBe(true)
    expect(await page.locator('.heads').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'open all' }).click()
    expect((await layoutOf(page)).overflow).toBe(0)
    expect(await noise()).toEqual([])
  })

  it('shows hostile answers as text: nothing of them runs, loads or styles', async () => {
    const hostile = (end: string): ReturnType<typeof turnOf> =>
      turnOf(
        messageOf(
          [
            thinking(HOSTILE),
            text(`${HOSTILE} ${end}`),
            call(HOSTILE, { [HOSTILE]: [HOSTILE, end] }, HOSTILE),
            { type: 'other', wire: { [HOSTILE]: HOSTILE } },
          ],
          {
            model: HOSTILE,
            id: HOSTILE,
            stop: { reason: 'unknown', raw: HOSTILE, sequence: HOSTILE },
            anomalies: [{ kind: 'unknown_event', detail: HOSTILE, value: { [HOSTILE]: HOSTILE } }],
          },
        ),
        [10, 20],
        [30, 40],
        [50, 3000],
        [60],
      )
    const comparison = compare([hostile('a'), hostile('b')], { labels: [HOSTILE, `${HOSTILE} 2`] })
    const entry = { name: HOSTILE, comparison }
    const sound = await browser.page(await pageOf(messageOf([text('a')]), messageOf([text('b')])))
    const look = (page: Page): Promise<readonly string[]> =>
      page.evaluate(() => [
        getComputedStyle(document.body).color,
        getComputedStyle(document.querySelector('.k-text .prose') ?? document.body).color,
        String(document.scripts.length),
        String(document.styleSheets.length),
      ])
    const { page, noise } = await browser.page(await comparePage([entry, entry], { prompt: HOSTILE }))
    await page.getByRole('button', { name: 'open all' }).click()
    await page.keyboard.press('n')
    await page.mouse.move(300, 300)
    await page.locator('.chart').first().hover()
    expect(await page.evaluate(() => Reflect.get(globalThis, 'ran') as unknown)).toBeUndefined()
    expect(await look(page)).toEqual(await look(sound.page))
    expect(await page.locator('main a:not([href^="#"]), img, iframe, main style, main script').count()).toBe(0)
    const seen = await page.locator('.k-text .prose').first().textContent()
    expect(seen).toContain(HOSTILE_SEEN)
    expect(await page.locator('.k-text .prose').first().isVisible()).toBe(true)
    // A tag is no end of the chart: its own text is in it.
    expect(await page.locator('svg.chart text.label').count()).toBe(4)
    expect(await noise()).toEqual([])
  })

  it('opens 5 MB in one line, and 500 calls', async () => {
    const line = 'x'.repeat(5_000_000)
    const blocks = Array.from({ length: 500 }, (_, index) => call(`f${index % 40}`, { index }))
    const turns = [messageOf([text(line), ...blocks]), messageOf([text(`${line}y`), ...blocks.slice(1)])]
    const { page, noise } = await browser.page(await pageOf(...turns))
    expect((await layoutOf(page)).overflow).toBe(0)
    expect(await page.locator('.cut').first().textContent()).toContain('characters that are the same on both sides')
    await page.keyboard.press('n')
    expect(await page.locator('.where[role=status]').textContent()).toMatch(/^1 of/)
    expect(await noise()).toEqual([])
  })

  it('is whole without its script', async () => {
    const html = await pageOf(...ordinaryTurns())
    const { page, noise } = await browser.page(html.replace(/<script>[^]*<\/script>/, ''))
    expect(await page.locator('.tools').isVisible()).toBe(false)
    expect(await page.locator('.prose ins').first().isVisible()).toBe(true)
    expect(await page.locator('.chart path').count()).toBeGreaterThan(3)
    await page.locator('details.thinking summary').first().click()
    expect(await page.locator('details.thinking .prose').first().isVisible()).toBe(true)
    expect(await noise()).toEqual([])
  })
})
