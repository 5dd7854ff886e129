/** The browser of the tests tells of all that a page does beyond being shown. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeBrowser } from './shown.ts'

const ELSEWHERE = 'http://127.0.0.1:3999/a'
const STRICT = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'">`

function htmlOf(body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>${head}</head><body>${body}</body></html>`
}

describeBrowser('the browser of the tests', (browser) => {
  it('tells of nothing where a page is only shown', async () => {
    const shown = await browser.page(htmlOf('<p id="a">a</p><a href="#a">to a</a>', STRICT))
    await shown.page.getByRole('link').click()
    expect(await shown.noise()).toEqual([])
    expect(await shown.page.evaluate(() => document.documentElement.lang)).toBe('en')
  })

  // A page costs half a second, so each does several things.
  it.each<
    [
      string,
      { readonly head?: string; readonly body: string; readonly click?: true; readonly lines: readonly string[] },
    ]
  >([
    [
      'what its policy forbids',
      {
        head: STRICT,
        body: `<img alt="" src="${ELSEWHERE}" onerror="1"><p style="color: red">a</p>`,
        lines: [
          'violation script-src-attr inline',
          'violation style-src-attr inline',
          `violation img-src ${ELSEWHERE}`,
          'console error: ',
        ],
      },
    ],
    [
      'what it asks for',
      {
        body: `<img alt="" src="${ELSEWHERE}"><script src="other.js"></script><script>
          fetch('${ELSEWHERE}?fetch')
          new WebSocket('ws://a.example')
          new Worker(URL.createObjectURL(new Blob(["fetch('${ELSEWHERE}?worker')"])))
        </script>`,
        lines: [
          `request GET ${ELSEWHERE}`,
          `connection ${ELSEWHERE}`,
          'request GET file:///',
          `request GET ${ELSEWHERE}?fetch`,
          'request of a socket ws://a.example/',
          'connection a.example:80',
          `connection ${ELSEWHERE}?worker`,
        ],
      },
    ],
    [
      'what it complains of',
      {
        body: `<script>
          console.log('l')
          console.warn('w')
          console.error('e')
          Promise.reject(new Error('lost'))
          throw new Error('thrown')
        </script>`,
        lines: ['console warning: w', 'console error: e', 'page error: lost', 'page error: thrown'],
      },
    ],
    [
      'dialogs, also those of a frame',
      {
        body: '<script>alert(1)</script><iframe title="f" srcdoc="<script>confirm(2)</script>"></iframe>',
        lines: ['dialog alert: 1', 'dialog confirm: 2'],
      },
    ],
    [
      'another window and a download',
      {
        body: '<a role="button" download="a" href="data:text/plain,a" onclick="window.open()">go</a>',
        click: true,
        lines: ['opened about:blank', 'download data:text/plain,a'],
      },
    ],
    [
      'its leaving',
      { body: '<a role="button" href="about:blank">go</a>', click: true, lines: ['left for about:blank'] },
    ],
  ])('tells of %s', async (_, { head = '', body, click, lines }) => {
    const shown = await browser.page(htmlOf(body, head))
    if (click === true) await shown.page.getByRole('button').click()
    const noise = async (): Promise<readonly string[]> => {
      const told = await shown.noise()
      return lines.filter((line) => told.some((one) => one.startsWith(line)))
    }
    await expect.poll(noise).toEqual(lines)
  })

  it.each([
    [{}, [1280, false, false]],
    [{ width: 320, scheme: 'dark', isPhone: true }, [320, true, true]],
  ] as const)('shows a page as it is to be shown: %o', async (options, expected) => {
    const { page, screenshot } = await browser.page(
      htmlOf('<p style="height: 3000px">a</p>', '<meta name="viewport" content="width=device-width">'),
      options,
    )
    const seen = await page.evaluate(() => [
      innerWidth,
      matchMedia('(prefers-color-scheme: dark)').matches,
      matchMedia('(pointer: coarse)').matches,
    ])
    expect(seen).toEqual(expected)
    const folder = mkdtempSync(join(tmpdir(), 'onefold-screenshot-'))
    await screenshot(join(folder, 'page.png'))
    const png = readFileSync(join(folder, 'page.png'))
    rmSync(folder, { recursive: true })
    expect(png.readUInt32BE(16)).toBe(expected[0])
    expect(png.readUInt32BE(20)).toBeGreaterThan(3000)
  })
})
