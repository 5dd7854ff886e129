/**
 * Pages in a real headless Chromium: Debian's `chromium`, or the program that `CHROMIUM` names. Such tests stand in `test/browser/`. A page
 * is opened from disk, and all that it does beyond being shown is kept; a proxy hears also what the browser asks for of itself.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { describeNeeding } from '../support/needs.ts'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
/** Nobody waits for an element that does not come as long as for a test. */
const PATIENCE_MS = 10_000

export interface PageOptions {
  /** In CSS pixels. Default 1280. */
  readonly width?: number
  /** Default: 800. */
  readonly height?: number
  /** What the user prefers. Default light. */
  readonly scheme?: 'light' | 'dark'
  /** A device with a touch screen, which takes its width from the viewport that the page names. Default false. */
  readonly isPhone?: boolean
}

export interface ShownPage {
  /** To be looked at and used. */
  readonly page: Page
  /**
   * All that the page did beyond being shown, a line each: `request GET http://…`, `connection example.com:443`, `violation script-src-attr
   * inline`, `console error: …`, `page error: …`, `dialog alert: …`, `opened …`, `left for …`, `download …`. Of a page that is inert and
   * sound: none.
   */
  noise(): Promise<readonly string[]>
  /** The whole page as a PNG, not only what is in view. */
  screenshot(path: string): Promise<void>
}

export interface TestBrowser {
  /** Opens a document from disk, and waits until all that it loads is there. It is closed behind the test. */
  page(html: string | Uint8Array, options?: PageOptions): Promise<ShownPage>
}

/** `describe` for tests that need a browser, which is started once for all of them: one such `describe` in a file. */
export function describeBrowser(name: string, declare: (browser: TestBrowser) => void): void {
  describeNeeding(existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}`, name, () => {
    let browser: Browser
    let contexts: BrowserContext[] = []
    let proxies: Server[] = []
    let folder = ''

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'onefold-browser-'))
      // As root Chromium runs only without its sandbox.
      browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false })
    })
    afterEach(async () => {
      for (const context of contexts) await context.close()
      for (const proxy of proxies) proxy.close()
      contexts = []
      proxies = []
    })
    afterAll(async () => {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    })

    let count = 0
    declare({
      async page(html, { width = 1280, height = 800, scheme = 'light', isPhone = false } = {}) {
        const noise: string[] = []
        const proxy = await listen((target) => noise.push(`connection ${target}`))
        proxies.push(proxy)
        const context = await browser.newContext({
          viewport: { width, height },
          colorScheme: scheme,
          isMobile: isPhone,
          hasTouch: isPhone,
          proxy: { server: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
        })
        contexts.push(context)
        context.setDefaultTimeout(PATIENCE_MS)
        const file = join(folder, `${++count}.html`)
        writeFileSync(file, html)
        const url = pathToFileURL(file).href
        const page = await context.newPage()
        await listenTo(context, page, url, noise)
        await page.goto(url)
        return {
          page,
          noise: async () => {
            // Two frames: what has begun by now has been told of.
            await page.evaluate(
              () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))),
            )
            return [...noise]
          },
          screenshot: async (path) => {
            await page.screenshot({ path, fullPage: true })
          },
        }
      },
    })
  })
}

/** A proxy that lets nothing through, and tells what was asked of it. */
async function listen(tell: (target: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (bytes) => {
        const [, target = 'of another kind'] = bytes.toString('latin1').split(' ')
        tell(target)
        socket.destroy()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function listenTo(context: BrowserContext, page: Page, url: string, noise: string[]): Promise<void> {
  const isIts = (address: string): boolean => address.split('#')[0] === url
  context.on('request', (request) => {
    if (!isIts(request.url())) noise.push(`request ${request.method()} ${request.url()}`)
  })
  context.on('page', (opened) => noise.push(`opened ${opened.url()}`))
  context.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type()))
      noise.push(`console ${message.type()}: ${message.text()}`)
  })
  context.on('weberror', (error) => noise.push(`page error: ${error.error().message}`))
  page.on('websocket', (socket) => noise.push(`request of a socket ${socket.url()}`))
  page.on('framenavigated', (frame) => {
    const isFrames = frame !== page.mainFrame() && frame.url().startsWith('about:')
    if (!isIts(frame.url()) && !isFrames) noise.push(`left for ${frame.url()}`)
  })
  page.on('download', (download) => noise.push(`download ${download.url()}`))
  page.on('dialog', (dialog) => {
    noise.push(`dialog ${dialog.type()}: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await context.exposeBinding('tellViolation', (_, violation: string) => noise.push(`violation ${violation}`))
  // It runs before anything of the page, whatever its policy says.
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      ;(globalThis as unknown as { tellViolation(text: string): void }).tellViolation(
        `${effectiveDirective} ${blockedURI}`,
      )
    })
  })
}
