/** Foreign text: what hides is shown, and what people write stays as it is. */
import { describe, expect, it } from 'vitest'
import { preview, printable } from '../src/printable.ts'

describe('a text that could hide something shows it', () => {
  it.each([
    ['colours', 'a\u001b[31mb', 'a\\u001b[31mb'],
    ['a link', '\u001b]8;;http://x\u0007y', '\\u001b]8;;http://x\\u0007y'],
    ['a control sequence of one byte', '\u009b2J', '\\u009b2J'],
    ['a carriage return', 'good\rbad', 'good\\u000dbad'],
    ['a direction', 'a\u202eb\u2066c\u061cd', 'a\\u202eb\\u2066c\\u061cd'],
    ['a lone high half', 'a\ud83d', 'a\\ud83d'],
    ['a lone low half', '\ude00b', '\\ude00b'],
    ['separators of lines', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    [
      'what has no width',
      'a\u200bb\u2060c\ufeffd\u00ade\u034ff\u3164',
      'a\\u200bb\\u2060c\\ufeffd\\u00ade\\u034ff\\u3164',
    ],
    ['joiners between Latin letters', 'a\u200db\u200cc', 'a\\u200db\\u200cc'],
    ['tags', 'hi\u{e0041}\u{e0042}', 'hi\\u{e0041}\\u{e0042}'],
    ['tags behind a flag', '\u{1f3f4}\u{e0068}\u{e0069}\u{e007f}', '\u{1f3f4}\\u{e0068}\\u{e0069}\\u{e007f}'],
    ['selectors in a row', '😀\ufe0f\ufe01\ufe02', '😀\ufe0f\\ufe01\\ufe02'],
    ['selectors of ideographs behind a sign', '😀\u{e0100}\u{e0101}', '😀\\u{e0100}\\u{e0101}'],
    ['marks that are heaped up', `a${'\u0301'.repeat(10)}`, `a${'\u0301'.repeat(8)}\\u0301\\u0301`],
  ])('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})

describe('what people write stays as it is', () => {
  it.each([
    ['lines', 'a\nb'],
    ['a family', '👨‍👩‍👧‍👦'],
    ['a skin tone', '👩🏽‍💻 👍🏿'],
    ['a rainbow flag and a heart', '🏳️‍🌈 ❤️ ❤️‍🔥'],
    ['a keycap', '1️⃣ #️⃣'],
    ['flags', '🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['a sign as text', '☎︎'],
    ['Persian', 'می\u200cخواهم'],
    ['Hindi', 'क्\u200dष'],
    ['Thai, Hebrew, Vietnamese', 'ที่ שָׁלוֹם Việt'],
    ['a variant of an ideograph', '葛\u{e0100}城'],
  ])('%s', (_, text) => {
    expect(printable(text)).toBe(text)
  })
})

it('of a long text a preview reads only what it shows', () => {
  expect(preview('古'.repeat(5_000_000), 10)).toBe(`${'古'.repeat(9)}…`)
})
