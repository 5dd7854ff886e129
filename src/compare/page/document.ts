/** The page around the content: nothing is loaded, and nothing runs but the one script below. */
import { sha256Base64 } from '../../system.ts'
import { headOf } from '../ends.ts'
import { foreignText, markup, Markup, NONE } from './markup.ts'
import { brief, leftOut, LONGEST_SHORT } from './room.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export interface PageParts {
  readonly title: string
  readonly prompt: string | undefined
  /** Where the links at the top go: ids and words. */
  readonly links: readonly (readonly [id: string, name: string])[]
  readonly body: Markup
}

/** The whole document. The policy names the hashes of the style and of the script: what else a browser finds, it does not use. */
export async function documentOf({ title, prompt, links, body }: PageParts): Promise<string> {
  const [style, script] = [await sha256Base64(STYLE), await sha256Base64(SCRIPT)]
  const policy = `default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}'; base-uri 'none'; form-action 'none'`
  const nav = links.map(([id, name]) => markup`<a href="#${id}">${name}</a>`)
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="${Markup.ofSource(policy)}" /><meta name="referrer" content="no-referrer" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="color-scheme" content="light dark" /><title>${headOf(title, LONGEST_SHORT)} · onefold compare</title><style>${Markup.ofSource(STYLE)}</style></head><body><a class="skip" href="#main">Skip to the content</a><header class="top"><nav aria-label="Parts">${nav}</nav><div class="tools" hidden><span class="where" role="status"></span><button type="button" data-do="previous" title="Previous difference (p)">↑<span class="word"> previous</span> <kbd>p</kbd></button><button type="button" data-do="next" title="Next difference (n)">↓<span class="word"> next</span> <kbd>n</kbd></button><button type="button" data-do="fold" title="Open or close all that folds">open all</button><button type="button" data-do="theme" title="Light, dark, or as the system has it">theme: auto</button></div></header><main id="main" tabindex="-1"><p class="over">onefold compare</p><h1>${brief(title)}</h1>${promptOf(prompt)}${body}</main><footer><p>Made by <code>onefold compare</code>. Times are milliseconds since the request was sent, as recorded; “not told” is what the stream did not say.</p></footer><script>${Markup.ofSource(SCRIPT)}</script></body></html>
`
  return page.toString()
}

/** A longer prompt is folded. */
const LONG_PROMPT = 600
const LONGEST_PROMPT = 20_000

function promptOf(prompt: string | undefined): Markup {
  if (prompt === undefined || prompt === '') return NONE
  const shown = headOf(prompt, LONGEST_PROMPT)
  const text = markup`<blockquote class="prompt" dir="auto">${foreignText(shown)}${prompt.length > shown.length && leftOut(prompt.length - shown.length)}</blockquote>`
  return prompt.length <= LONG_PROMPT
    ? text
    : markup`<details class="fold"><summary>The prompt</summary>${text}</details>`
}
