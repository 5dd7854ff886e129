import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wordChanges } from '../../src/compare/words.ts'
import { expectTidy, textsOf } from '../support/compared.ts'
import { runs } from '../support/operations.ts'

/** As a person reads it: what goes in [- -], what comes in {+ +}. */
function shown(reference: string, side: string): string {
  const marks = { same: ['', ''], removed: ['[-', '-]'], added: ['{+', '+}'] } as const
  return wordChanges(reference, side)
    .map(({ kind, text }) => `${marks[kind][0]}${text}${marks[kind][1]}`)
    .join('')
}

describe('the words of two texts', () => {
  it.each([
    ['a word', 'the quick fox', 'the slow fox', 'the [-quick-]{+slow+} fox'],
    ['a word more', 'foo', 'foo bar', 'foo{+ bar+}'],
    ['a word more before a sign', 'foo.', 'foo bar.', 'foo{+ bar+}.'],
    ['a sign', 'one two, three', 'one two three', 'one two[-,-] three'],
    ['signs', 'Hello world', 'Hello, world!', 'Hello{+,+} world{+!+}'],
    ['a contraction', "I don't know", 'I do not know', "I [-don't-]{+do not+} know"],
    ['a fraction', 'It is 3.14 today.', 'It is 3.15 today.', 'It is [-3.14-]{+3.15+} today.'],
    ['thousands', 'about 10,080 minutes', 'about 10,800 minutes', 'about [-10,080-]{+10,800+} minutes'],
    ['an item of a list', '[1,2,3]', '[1,2,4]', '[1,2,[-3-]{+4+}]'],
    ['a day', 'on 2024-01-15 at 12:30', 'on 2024-01-16 at 12:30', 'on 2024-01-[-15-]{+16+} at 12:30'],
    ['markdown', '**bold** and `code`', '**bolder** and `code`', '**[-bold-]{+bolder+}** and `code`'],
    ['code', 'const x = foo(bar, 1);', 'const x = foo(baz, 1);', 'const x = foo([-bar-]{+baz+}, 1);'],
    ['a name in code', 'get_weather(a)', 'get_time(a)', '[-get_weather-]{+get_time+}(a)'],
    ['a table', '| a | b |\n|---|---|', '| a | c |\n|---|---|', '| a | [-b-]{+c+} |\n|---|---|'],
    ['a line', '- one\n- two\n', '- one\n- two\n- three\n', '- one\n- two\n{+- three\n+}'],
    ['Chinese', '今天天气很好，我们去公园。', '今天天气不好，我们去公园。', '今天天气[-很-]{+不+}好，我们去公园。'],
    ['Japanese', '東京タワーに行く。', '東京スカイツリーに行く。', '東京[-タワー-]{+スカイツリー+}に行く。'],
    ['Korean', '오늘 날씨가 좋습니다', '오늘 날씨가 나쁩니다', '오늘 날씨가 [-좋습니다-]{+나쁩니다+}'],
    ['Hindi', 'नमस्ते दुनिया', 'नमस्ते भारत', 'नमस्ते [-दुनिया-]{+भारत+}'],
    ['Thai', 'สวัสดีครับ', 'สวัสดีค่ะ', 'สวัสดี[-ครับ-]{+ค่ะ+}'],
    ['a joined emoji', 'a 👨‍👩‍👧‍👦 b', 'a 👨‍👩‍👧 b', 'a [-👨‍👩‍👧‍👦-]{+👨‍👩‍👧+} b'],
    ['the tone of an emoji', 'ok 👍🏽 then', 'ok 👍🏿 then', 'ok [-👍🏽-]{+👍🏿+} then'],
    ['a flag', '🇩🇪🇫🇷🇮🇹', '🇩🇪🇪🇸🇮🇹', '🇩🇪[-🇫🇷-]{+🇪🇸+}🇮🇹'],
    ['a combining mark', 'un café noir', 'un cafe\u0301 noir', 'un [-café-]{+cafe\u0301+} noir'],
    ['a space', 'a  b', 'a b', 'a [- -]b'],
    ['a space before all', ' a', 'a', '[- -]a'],
    ['a paragraph', 'one two\n\nthree', 'one two three', 'one two[-\n\n-]{+ +}three'],
    ['a line end', 'a\r\nb', 'a\nb', 'a[-\r-]\nb'],
    ['a carriage return before all', '\rfoo', 'foo', '[-\r-]foo'],
    ['a line separator before all', '\u2028foo', 'foo', '[-\u2028-]foo'],
    ['everything', 'abc', 'xyz', '[-abc-]{+xyz+}'],
    ['all of it', '', 'xyz', '{+xyz+}'],
    ['nothing', 'same words', 'same words', 'same words'],
  ])('differ by %s and nothing else', (_, reference, side, expected) => {
    expect(shown(reference, side)).toBe(expected)
  })

  it('are read more easily without what two rewritten parts have in common by chance', () => {
    const reference = 'It was a bright cold day, and all clocks were striking thirteen.'
    const side = 'She had never seen such snow, nor did anyone remember more of it.'
    expect(shown(reference, side)).toBe(
      '[-It was a bright cold day, and all clocks were striking thirteen-]{+She had never seen such snow, nor did anyone remember more of it+}.',
    )
  })

  const hostile = oneof(
    { weight: 6, arbitrary: constantFrom('a', 'b', 'word', ' ', '  ', '\n', '\r', '\t', '.', ',', '3', "'", '_') },
    {
      weight: 3,
      arbitrary: constantFrom(
        '\ud83d',
        '\udc4d',
        '👍',
        '🏽',
        '\u200d',
        '\u0301',
        '中',
        'ア',
        '🇩',
        '\ufeff',
        '\u2028',
        '\0',
      ),
    },
    { weight: 1, arbitrary: string({ unit: 'binary', maxLength: 3 }) },
  )
  const text = array(hostile, { maxLength: 40 }).map((pieces) => pieces.join(''))

  it('join to both texts exactly, for any texts, and are the same in the other order', () => {
    assert(
      property(text, text, text, text, (before, one, other, after) => {
        const [reference, side] = [before + one + after, before + other + after]
        const words = wordChanges(reference, side)
        expect(textsOf(words)).toEqual([reference, side])
        expectTidy(words)
        const back = wordChanges(side, reference)
        expect(textsOf(back)).toEqual([side, reference])
        expectTidy(back)
        expect(back.filter(({ kind }) => kind === 'same')).toEqual(words.filter(({ kind }) => kind === 'same'))
      }),
      runs(400),
    )
  })

  it('are exact where the texts are long, by words, by lines and as a whole', () => {
    const words = (count: number, word: (at: number) => string): string =>
      Array.from({ length: count }, (_, at) => word(at)).join(' ')
    const lines = (word: (at: number) => string): string =>
      Array.from({ length: 20_000 }, (_, at) => `line ${at} ${word(at)} of the text`).join('\n')
    const pairs: readonly (readonly [string, string, changed: number])[] = [
      [words(10_000, (at) => `w${at % 97}`), words(10_000, (at) => (at === 5000 ? 'other' : `w${at % 97}`)), 1],
      // Every tenth word, then every word.
      [words(9000, (at) => `w${at}`), words(9000, (at) => (at % 10 === 0 ? 'x' : `w${at}`)), 900],
      [words(10_000, (at) => `w${at}`), words(10_000, (at) => `v${at}`), 1],
      [lines(() => 'same'), lines((at) => (at % 1000 === 0 ? 'other' : 'same')), 20],
      ['中'.repeat(300_000), `${'中'.repeat(150_000)}文${'中'.repeat(149_999)}`, 1],
      [`${'x'.repeat(300_000)}a${'y'.repeat(300_000)}`, `${'x'.repeat(300_000)}b${'y'.repeat(300_000)}`, 1],
      [`A ${'word\n'.repeat(410_000)} Z`, `B ${'word\n'.repeat(410_000)} Y`, 2],
    ]
    for (const [reference, side, changed] of pairs) {
      const found = wordChanges(reference, side)
      expect(textsOf(found)).toEqual([reference, side])
      expect(found.filter(({ kind }) => kind === 'removed')).toHaveLength(changed)
    }
  })

  it('cut no character in two, however long a text without spaces is', () => {
    const family = '👨‍👩‍👧'
    for (const length of [0, 1, 2, 3]) {
      const [before, after] = ['x'.repeat(length) + family.repeat(200), family.repeat(200)]
      const found = wordChanges(`${before}1${after}`, `${before}2${after}`)
      expect(found.find(({ kind }) => kind === 'removed')?.text).toBe('1')
      for (const { text: piece } of found) expect(piece.isWellFormed()).toBe(true)
    }
  })
})
