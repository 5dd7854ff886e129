/** The page of a comparison, as text. What a browser makes of it is in test/browser/compare-page.test.ts. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { comparePage, compare } from '../../src/compare.ts'
import { STYLE } from '../../src/compare/page/style.ts'
import { bytesText, costText, duration, grouped, rateText, signed, ticks, tickText } from '../../src/compare/units.ts'
import { movedRows } from '../../src/compare/order.ts'
import type { ObservedTurn } from '../../src/compare/observed.ts'
import { MisuseError } from '../../src/errors.ts'
import type { AssistantMessage, ContentBlock, OutcomeError } from '../../src/message.ts'
import { call, HOSTILE, HOSTILE_SEEN, messageOf, ordinaryTurns, pageOf, text, thinking, turnOf } from './pages.ts'

/** The page without its style and script, which are ours. */
function contentOf(page: string): string {
  return page.replace(/<style>[^]*?<\/style>/, '').replace(/<script>[^]*?<\/script>/, '')
}

/** All that is read on it. */
function readOf(page: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return contentOf(page)
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')
}

interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

function tagsOf(page: string): readonly Tag[] {
  return [...contentOf(page).matchAll(/<([a-z][a-z0-9]*)([^>]*)>/gi)].map(([, name = '', rest = '']) => ({
    name: name.toLowerCase(),
    attributes: new Map(
      [...rest.matchAll(/([^\s="'/]+)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [key.toLowerCase(), value]),
    ),
  }))
}

const ELEMENTS = new Set(
  (
    'html head meta title body a header nav div span button kbd main p h1 h2 h3 h4 bdi section article ol ul li details summary ' +
    'ins del b i br code blockquote figure figcaption svg g line text path desc input output table thead tbody tr th td dl dt dd footer'
  ).split(' '),
)

/** Nothing but elements of ours, with attributes that are quoted and can neither run nor load nor style. */
function expectInert(page: string): void {
  const content = contentOf(page)
  // oxlint-disable-next-line no-control-regex -- that there are none is what is tested
  expect(content).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(content).not.toMatch(/\p{Bidi_Control}/u)
  expect(page.isWellFormed()).toBe(true)
  for (const { name, attributes } of tagsOf(page)) {
    expect(ELEMENTS).toContain(name)
    for (const [key, value] of attributes) {
      expect(key).not.toMatch(/^on|^style$|^src|^action$|^xlink/)
      if (key === 'href') expect(value).toMatch(/^#[\w-]+$/)
    }
  }
}

const failure: OutcomeError = { class: 'network', retryable: true, message: HOSTILE }

/** A message that is hostile in one place, and what of it the page shows. */
const PLACES: readonly (readonly [place: string, message: AssistantMessage])[] = [
  ['a text', messageOf([text(HOSTILE)])],
  ['a refusal', messageOf([{ type: 'refusal', text: HOSTILE, wire: {} }])],
  ['thinking', messageOf([thinking(HOSTILE)])],
  ['a citation', messageOf([{ type: 'text', text: 'a', citations: [{ [HOSTILE]: 1 }], wire: {} }])],
  ['the name of a tool', messageOf([call(HOSTILE, {})])],
  ['a key of an input', messageOf([call('f', { [HOSTILE]: { a: 1 } })])],
  ['a value of an input', messageOf([call('f', { a: [HOSTILE] })])],
  [
    'arguments that are no JSON',
    messageOf([{ ...call('f', {}), state: 'partial', arguments: HOSTILE } as ContentBlock]),
  ],
  ['the result of a tool', messageOf([{ type: 'tool_result', content: [{ text: HOSTILE }], wire: {} }])],
  ['media', messageOf([{ type: 'media', text: HOSTILE, wire: {} }])],
  ['an unknown block', messageOf([{ type: 'other', wire: { type: HOSTILE } }])],
  ['the model', messageOf([], { model: HOSTILE })],
  ['the id of the message', messageOf([], { id: HOSTILE })],
  ["the provider's word for the stop", messageOf([], { stop: { reason: 'unknown', raw: HOSTILE, sequence: null } })],
  ['an anomaly', messageOf([], { anomalies: [{ kind: 'unknown_event', detail: HOSTILE }] })],
  ['what an anomaly kept', messageOf([], { anomalies: [{ kind: 'late_append', content: [text(HOSTILE)] }] })],
  ['a value that an anomaly kept', messageOf([], { anomalies: [{ kind: 'unknown_delta', value: { [HOSTILE]: 0 } }] })],
]

/** What is shown cut to a length. */
const CUT_PLACES: readonly (readonly [place: string, message: AssistantMessage])[] = [
  ['the id of a call', messageOf([call('f', {}, HOSTILE)])],
  ['a stop sequence', messageOf([], { stop: { reason: 'stop_sequence', raw: null, sequence: HOSTILE } })],
  ['an error', messageOf([], { outcome: { kind: 'failed', error: failure } })],
]

describe('hostile text on the page of a comparison', () => {
  it.each(PLACES)('is seen and inert in %s', async (_, message) => {
    const page = await pageOf(message, messageOf([]))
    expectInert(page)
    expect(readOf(page)).toContain(HOSTILE_SEEN)
  })

  it.each(PLACES)('is seen and inert in %s of the side that is not the reference', async (_, message) => {
    const page = await pageOf(messageOf([text('a')]), message, messageOf([text('b')]))
    expectInert(page)
    expect(readOf(page)).toContain(HOSTILE_SEEN)
  })

  it.each(CUT_PLACES)('is inert in %s, of which the beginning is shown', async (_, message) => {
    const page = await pageOf(message, messageOf([]))
    expectInert(page)
    expect(readOf(page)).toContain(HOSTILE_SEEN.slice(0, 40))
  })

  it('is inert in what differs: words, paths, values', async () => {
    const one = messageOf([text(`a ${HOSTILE}`), call('f', { [HOSTILE]: { b: HOSTILE } })])
    const other = messageOf([text(`b ${HOSTILE} c`), call('f', { [HOSTILE]: { b: `${HOSTILE}!`, [HOSTILE]: 1 } })])
    const page = await pageOf(one, other)
    expectInert(page)
    expect(readOf(page)).toContain(HOSTILE_SEEN)
  })

  it('is inert in titles, prompts, names and labels', async () => {
    const comparison = compare([messageOf([text('a')]), turnOf(messageOf([call(HOSTILE, {})]), [1, 2])], {
      labels: [HOSTILE, `${HOSTILE}2`],
    })
    const entry = { name: HOSTILE, comparison }
    for (const page of [
      await comparePage([entry], { prompt: HOSTILE }),
      await comparePage([entry, entry], { title: HOSTILE, prompt: HOSTILE }),
    ]) {
      expectInert(page)
      expect(page).toMatch(/<title>&lt;\/title&gt;/)
      expect(readOf(page)).toContain(HOSTILE_SEEN)
    }
  })

  it('stays in the direction of its own place', async () => {
    const page = await pageOf(messageOf([text('שלום'), call('أداة', { مفتاح: 'قيمة' })]), messageOf([]))
    expect(page).toContain('dir="auto">שלום')
    for (const name of ['أداة', 'مفتاح', 'قيمة']) expect(page).toMatch(new RegExp(`<bdi[^>]*>${name}</bdi>`))
  })
})

describe('the document of a comparison', () => {
  it('lets nothing run or style but the one script and the one style that it has', async () => {
    const page = await pageOf(...ordinaryTurns())
    const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    const hashOf = (element: string): string => {
      const found = page.split(new RegExp(`</?${element}>`))
      expect(found).toHaveLength(3)
      return `'sha256-${createHash('sha256').update(found[1]!).digest('base64')}'`
    }
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hashOf('style')}`,
      `script-src ${hashOf('script')}`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'))
    expect(page).toContain('<meta name="referrer" content="no-referrer"')
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(page).not.toMatch(/https?:|@import|url\(/)
  })

  it('has every id once, and a place for every link', async () => {
    const one = { name: 'a', comparison: compare(ordinaryTurns()) }
    for (const entries of [[one], [one, { ...one, name: 'b' }]]) {
      const tags = tagsOf(await comparePage(entries))
      const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? [])
      expect(ids.length).toBe(new Set(ids).size)
      const links = tags.flatMap(({ attributes }) => attributes.get('href')?.slice(1) ?? [])
      expect(links.length).toBeGreaterThan(6)
      expect(ids).toEqual(expect.arrayContaining(links))
      const labels = tags.flatMap(({ attributes }) => attributes.get('aria-labelledby')?.split(' ') ?? [])
      expect(ids).toEqual(expect.arrayContaining(labels))
    }
  })

  it('closes every element that it opens', async () => {
    const open: string[] = []
    const single = new Set(['meta', 'br', 'input'])
    const page = contentOf(await pageOf(...ordinaryTurns()))
    for (const [, end, name = '', self] of page.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/gi)) {
      if (end === '/') expect(open.pop()).toBe(name)
      else if (self !== '/' && !single.has(name)) open.push(name)
    }
    expect(open).toEqual([])
  })

  it('is small: two ordinary turns in 120 KB', async () => {
    const page = await pageOf(...ordinaryTurns())
    expect(page.length).toBeLessThan(120_000)
  })

  it.each<[string, () => readonly [AssistantMessage, AssistantMessage] | readonly ReturnType<typeof turnOf>[], string]>(
    [
      [
        'a long text that differs at its end',
        () => [messageOf([text('x '.repeat(150_000))]), messageOf([text(`${'x '.repeat(150_000)}y`)])],
        '297,000 characters that are the same',
      ],
      [
        'texts of 5 MB in one line',
        () => [messageOf([text('x'.repeat(5_000_000))]), messageOf([text('y'.repeat(5_000_000))])],
        '4,900,000 more characters are left out here',
      ],
      [
        'an input of 100,000 members',
        () => {
          const list = Array.from({ length: 100_000 }, (_, index) => index)
          return [messageOf([call('f', { list })]), messageOf([call('f', { list: [...list, 'end'] })])]
        },
        '99,800 members not shown',
      ],
      [
        'an input that is nested 400 deep',
        () => {
          const deep = JSON.parse(`${'{"a":'.repeat(400)}1${'}'.repeat(400)}`)
          return [messageOf([call('f', deep)]), messageOf([])]
        },
        'too deep to draw',
      ],
      [
        '100,000 deltas',
        () => {
          const times = Array.from({ length: 100_000 }, (_, index) => index)
          return [turnOf(messageOf([text('a')]), times), turnOf(messageOf([text('b')]), times)]
        },
        'When content arrived',
      ],
      [
        '2,000 blocks',
        () => {
          const blocks = Array.from({ length: 2000 }, (_, index) =>
            call(`f${index % 50}`, { index, long: 'x'.repeat(2000) }),
          )
          return [messageOf(blocks), messageOf([])]
        },
        'more characters are left out here',
      ],
      [
        '5,000 rows',
        () => {
          const blocks = Array.from({ length: 5000 }, (_, index) =>
            index % 2 ? text(`${index}`) : thinking(`${index}`),
          )
          return [messageOf(blocks), messageOf([])]
        },
        '3,000 more rows not drawn',
      ],
    ],
  )('stays small enough to open, and says what is left out: %s', async (_, turns, note) => {
    const page = await pageOf(...turns())
    expect(page.length).toBeLessThan(7_000_000)
    expect(readOf(page).includes(note), note).toBe(true)
  })

  it.each([
    [() => comparePage([]), 'bad_argument'],
    [() => comparePage([{ name: 'a', comparison: compare(ordinaryTurns()) }], { titel: 'a' } as object), 'bad_option'],
  ])('is refused where it is asked for wrongly: %#', async (page, code) => {
    const error = await page().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MisuseError)
    expect(error).toMatchObject({ code })
  })
})

describe('what differs', () => {
  const marked = (page: string, element: 'ins' | 'del'): readonly string[] =>
    [
      ...contentOf(page)
        .replace(/<p class="key">.*?<\/p>/, '')
        .matchAll(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, 'g')),
    ].map(([, words = '']) => words)
  const cellsOf = (page: string): readonly string[] =>
    contentOf(page)
      .split(/<div class="cell(?=[ "])/)
      .slice(1)

  it('is marked in both columns of two sides, each with its own words', async () => {
    const [one, other] = cellsOf(await pageOf(messageOf([text('a red fox')]), messageOf([text('a blue fox')])))
    expect(one).toContain('a <del>red</del> fox')
    expect(one).not.toContain('<ins')
    expect(other).toContain('a <ins>blue</ins> fox')
    expect(other).not.toContain('<del')
  })

  it('is marked on each side but the reference, where there are three', async () => {
    const [reference, one, other] = cellsOf(
      await pageOf(
        messageOf([text('a red fox runs')]),
        messageOf([text('a blue fox runs')]),
        messageOf([text('a red fox')]),
      ),
    )
    expect(reference).not.toMatch(/<ins|<del/)
    expect(one).toContain('<del class="gone">red</del><ins>blue</ins>')
    expect(other).toContain('<del class="gone">')
    expect(other).not.toContain('<ins')
  })

  it('is nothing where nothing differs', async () => {
    const [one] = ordinaryTurns()
    const page = await pageOf(one, one)
    expect(readOf(page)).toContain('No differences')
    expect(contentOf(page)).not.toMatch(/<ins|<del|class="[^"]*\bd\b|≠/)
  })

  it('is said to be ignored where it is', async () => {
    const comparison = compare([messageOf([text('a')]), messageOf([text('b')])], { ignore: ['text'] })
    const page = await comparePage([{ name: 'a', comparison }])
    expect(readOf(page)).toContain('No differences, apart from what was ignored')
    expect(marked(page, 'ins')).toEqual([])
  })

  it('is said in words where two texts have little in common', async () => {
    const page = await pageOf(messageOf([text('one two three four')]), messageOf([text('quite another thing')]))
    expect(readOf(page)).toContain('another text: 0 % in common')
  })

  it('is seen where it is white space alone', async () => {
    const page = await pageOf(messageOf([text('a\n\nb and c')]), messageOf([text('a\nb and c')]))
    expect(marked(page, 'del').join('')).toContain('↵')
  })

  it('is marked at its path in a tool call, which is open there', async () => {
    const deep = (seat: string): ContentBlock =>
      call('book', {
        a: { b: { c: { d: { seats: Array.from({ length: 20 }, (_, at) => (at === 17 ? seat : 'x')) } } } },
      })
    const [one, other] = cellsOf(await pageOf(messageOf([deep('aisle')]), messageOf([deep('window')])))
    expect(one).toMatch(/<li class="chg d"><b class="sign"[^>]*>≠<\/b><span class="at">17<\/span>.*?<del>aisle<\/del>/)
    expect(other).toMatch(
      /<li class="chg d"><b class="sign"[^>]*>≠<\/b><span class="at">17<\/span>.*?<ins>window<\/ins>/,
    )
    expect(one).not.toMatch(/<details(?! open)/)
  })

  it('is a member that one side lacks', async () => {
    const [one, other] = cellsOf(await pageOf(messageOf([call('f', { a: 1 })]), messageOf([call('f', { b: [2] })])))
    expect(one).toMatch(/<li class="del d">.*a.*<li class="ghost d">.*b.*not here/)
    expect(other).toMatch(/<li class="ins d">.*b.*<li class="ghost d">.*a.*not here/)
  })

  it('is a block that one side lacks, and a call that moved', async () => {
    const [a, b, c] = [call('a', {}), call('b', {}), call('c', {})]
    const page = await pageOf(messageOf([a, b, c, text('t')]), messageOf([c, a, b]))
    expect(readOf(page)).toContain('moved: call 1 here, call 3 in the reference')
    expect(readOf(page)).toMatch(/another order: the call \w+ \(call 3 → call 1\)/)
    expect(readOf(page).match(/moved: call/g)).toHaveLength(2)
    expect(page).toMatch(/<div class="cell absent d">/)
  })

  it.each([
    ['it only moved', {}, {}, '↕ moved'],
    ['it moved and its id is another', {}, { id: 'x' }, '↕ moved, ≠ other id'],
    ['it moved and its input is another', { at: 1 }, {}, '≠ differs'],
  ])('is said in the head of a row as it is: %s', async (_, input, { id }: { id?: string }, said) => {
    const [a, b, c] = [call('a', {}, '1'), call('b', {}, '2'), call('c', {}, '3')]
    const page = await pageOf(messageOf([a, b, c]), messageOf([call('c', input, id ?? '3'), a, b]))
    const heads = [...page.matchAll(/<div class="rowhead">(.*?)<\/div>/g)].map(([, head = '']) => readOf(head))
    expect(heads.filter((head) => /[≠↕]/.test(head))).toEqual([`3 tool call${said}`])
  })

  it.each<[string, readonly number[], readonly number[], readonly number[]]>([
    ['the last came first', [1, 2, 3, 4], [4, 1, 2, 3], [4]],
    ['two changed places', [1, 2, 3], [2, 1, 3], [2]],
    ['none', [5, 7], [5, 7], []],
  ])('counts as few moves as there can be: %s', (_, reference, order, moved) => {
    const found = [...movedRows(reference, order).keys()]
    expect(found).toHaveLength(moved.length)
    expect(found.filter((row) => !order.includes(row))).toEqual([])
  })

  it('is marked in the numbers, with how much it is', async () => {
    const page = await pageOf(
      messageOf([], { usage: { outputTokens: 1000 }, stop: { reason: 'end_turn', raw: 'stop', sequence: null } }),
      messageOf([], { usage: { outputTokens: 1250 }, stop: { reason: 'max_tokens', raw: 'length', sequence: null } }),
    )
    expect(page).toMatch(/<tr id="n-outputTokens">.*?1,000.*?<td class="chg d">.*?≠.*?1,250.*?\+250/)
    expect(page).toMatch(/<tr id="n-stop">.*?end_turn.*?“?stop.*?<td class="chg d">.*?max_tokens.*?length/)
    expect(page).not.toContain('id="n-firstByteMs"')
  })

  it('is said of long values from where they differ', async () => {
    const start = 'the same beginning of both. '.repeat(4)
    const page = await pageOf(
      messageOf([call('f', { a: `${start}one` })]),
      messageOf([call('f', { a: `${start}two` })]),
    )
    expect(readOf(page)).toContain('f a “…inning of both. one” → “…inning of both. two”')
  })

  it('names the anomalies with their sentences', async () => {
    const page = await pageOf(
      messageOf([]),
      messageOf([], { anomalies: [{ kind: 'missing_stop', block: 2, detail: 'seen', count: 3 }] }),
    )
    const read = readOf(page)
    expect(read).toContain('the message ended without a stop reason')
    expect(read).toMatch(/missing_stop 3 times block 2/)
    expect(read).toContain('seen')
  })
})

describe('the timeline', () => {
  it('labels a long silence, and says which side has no times', async () => {
    const page = await pageOf(turnOf(messageOf([text('a')]), [100, 200, 2200, 2300]), messageOf([text('a')]))
    expect(page).toMatch(/<g class="silence"><line.*?>2\.00 s<\/text>/)
    expect(readOf(page)).toContain('no times recorded')
  })

  it('is left out where nobody recorded any', async () => {
    const page = await pageOf(messageOf([text('a')]), messageOf([text('a')]))
    expect(readOf(page)).toContain('No side was recorded with times')
    expect(page).not.toContain('<svg')
  })

  it('has a lane for each block, and one for each kind where there are many', async () => {
    const few = messageOf([text('a'), call('find', {}), thinking('b')])
    const many = messageOf(Array.from({ length: 30 }, (_, index) => (index % 2 ? text('a') : call('find', {}))))
    const lanes = (page: string): readonly string[] =>
      [...page.matchAll(/<text class="lane"[^>]*>(.*?)<\/text>/g)].map(([, name = '']) => name)
    const times = (count: number): number[][] => Array.from({ length: count }, (_, block) => [block, block + 0.5])
    const turns = [turnOf(few, ...times(3)), turnOf(many, ...times(30))]
    expect(lanes(await pageOf(...turns))).toEqual(['text', 'find', 'thinking', 'all tool calls', 'all texts'])
  })

  it('keeps all characters in its bins', async () => {
    const times = Array.from({ length: 5000 }, (_, index) => index * 1.7)
    const page = await pageOf(turnOf(messageOf([text('a')]), times), messageOf([]))
    const [, bins = ''] = /data-v="([^"]*)"/.exec(page) ?? []
    const counts = bins.split(',').map((bin) => bin.split(' ').map(Number))
    expect(counts.length).toBeLessThanOrEqual(320)
    expect(counts.reduce((sum, [, characters = 0]) => sum + characters, 0)).toBe(50_000)
    expect(counts.reduce((sum, [, , deltas = 0]) => sum + deltas, 0)).toBe(5000)
  })
})

describe('several cases', () => {
  it('are a table with a link to each that differs, and a list of those that do not', async () => {
    const same = compare([messageOf([text('a')]), messageOf([text('a')])])
    const other = compare([messageOf([text('a')]), messageOf([text('b')])])
    const page = await comparePage([
      { name: 'first', comparison: same },
      { name: 'second', comparison: other },
    ])
    expect(page).toContain('<a href="#c1"><bdi>second</bdi></a>')
    expect(page).toContain('<li><bdi>first</bdi></li>')
    expect(page.match(/<article/g)).toHaveLength(1)
    expect(readOf(page)).toContain('2 cases compared: 1 with differences, 1 without.')
    expect(readOf(page)).toMatch(/same textreference≠1 of 2/)
  })

  const observed = (words: string, times: readonly number[], fields: Partial<AssistantMessage> = {}): ObservedTurn =>
    turnOf(messageOf([text(words)], fields), times)
  const timed = compare([observed('a', [100, 200]), observed('a', [300, 900], { usage: { outputTokens: 7 } })], {
    labels: ['old', 'new'],
    ignore: ['times', 'usage'],
  })
  const untimed = compare(
    [
      messageOf([text('a')]),
      messageOf([text('a')], {
        outcome: { kind: 'aborted', by: 'signal' },
        anomalies: [{ kind: 'missing_stop' }],
        usage: { outputTokens: 1200 },
      }),
    ],
    { labels: ['old', 'new'] },
  )

  it('begin with a summary of each side: agreement, outcomes, anomalies, tokens, times and over how many cases', async () => {
    const entries = [
      { name: 'first', comparison: timed },
      { name: 'second', comparison: untimed },
    ]
    const page = await comparePage(entries)
    const summary = readOf(/<table class="numbers">.*?<\/table>/.exec(page)?.[0] ?? '')
    expect(summary).toContain('old referencenew')
    expect(summary).toContain('same callsreference2 of 2')
    expect(summary).toContain('samereference≠1 of 2')
    expect(summary).toContain('outcomescomplete ×2complete ×1, aborted ×1')
    expect(summary).toContain('anomalies—missing_stop ×1')
    expect(summary).toContain('tokens out—1,207')
    expect(summary).toMatch(/last tokenp50 200 ms.*over 1 casep50 900 ms.*max 900 ms.*over 1 case/)
    expect(summary).not.toContain('cost')
  })

  it('of sides with other names in each case have no summary', async () => {
    const other = compare([messageOf([text('a')]), messageOf([text('a')]), messageOf([text('a')])])
    const page = await comparePage([
      { name: 'first', comparison: timed },
      { name: 'second', comparison: other },
    ])
    expect(readOf(page)).toContain('2 cases compared: 0 with differences, 2 without.')
    expect(page).not.toContain('<table class="numbers">')
  })

  it('are named where they were not compared, even if one is left or none', async () => {
    const cases = {
      labels: ['old', 'new'],
      missing: [{ name: 'gone', sides: [1] }],
      unreadable: [{ name: HOSTILE, reason: HOSTILE }],
    }
    const page = await comparePage([{ name: 'first', comparison: timed }], { cases })
    expectInert(page)
    expect(readOf(page)).toContain('1 case compared: 0 with differences, 1 without. Not compared: 2.')
    expect(readOf(page)).toContain('gone not in new')
    expect(readOf(page)).toContain(HOSTILE_SEEN)
    expect(page).toContain('<h1><bdi>old · new</bdi></h1>')
    const empty = await comparePage([], { cases: { ...cases, unreadable: [] } })
    expect(readOf(empty)).toContain('No case could be compared. Not compared: 1.')
    await expect(comparePage([])).rejects.toThrow('got 0')
  })

  it('that were not compared are counted, where they are many', async () => {
    const missing = Array.from({ length: 1500 }, (_, at) => ({ name: `case ${at}`, sides: [0] }))
    const page = await comparePage([], { cases: { labels: ['old', 'new'], missing } })
    expect(readOf(page)).toContain('500 more cases')
    expect(page.match(/not in/g)).toHaveLength(1000)
  })
})

describe('units', () => {
  it.each([
    [duration(0.44), '0.4 ms'],
    [duration(999), '999 ms'],
    [duration(999.6), '1.00 s'],
    [duration(2000), '2.00 s'],
    [duration(12_345), '12.3 s'],
    [duration(1_234_567), '1,235 s'],
    [bytesText(999), '999 B'],
    [bytesText(20_650), '20.6 kB'],
    [bytesText(5_000_000), '5 MB'],
    [costText(0.00123456), '0.001235'],
    [bytesText(999_960), '1 MB'],
    [costText(1234.567), '1234.57'],
    [costText(1.5), '1.50'],
    [costText(0.25), '0.25'],
    [costText(0.000_000_1), '0.0000001'],
    [rateText(12.34), '12.3/s'],
    [rateText(390.4, ' tokens'), '390 tokens/s'],
    [signed(-2100, duration), '−2.10 s'],
    [grouped(1_234_567), '1,234,567'],
    [
      ticks(3290, 6)
        .map((ms) => tickText(ms, 3290))
        .join(' '),
      '0 1 s 2 s 3 s',
    ],
    [ticks(0.9, 6).join(' '), '0 0.2 0.4 0.6 0.8'],
    [ticks(100, 6).join(' '), '0 20 40 60 80 100'],
  ])('%s', (made, expected) => {
    expect(made).toBe(expected)
  })
})

describe('the colours', () => {
  /** Luminance by WCAG 2. */
  const luminance = (colour: string): number => {
    const short = colour.slice(1)
    const digits = short.length === 3 ? [...short].map((digit) => digit + digit).join('') : short
    const [red = 0, green = 0, blue = 0] = [0, 2, 4]
      .map((at) => parseInt(digits.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const grounds = ['ground', 'panel', 'sunk']
  const pairs: readonly (readonly [string, readonly string[], number])[] = [
    ['ink', [...grounds, 'chg', 'ins', 'del'], 4.5],
    ['quiet', grounds, 4.5],
    ['link', grounds, 4.5],
    ['call', ['panel'], 4.5],
    ['ins-ink', [...grounds, 'ins', 'chg'], 4.5],
    ['del-ink', [...grounds, 'del', 'chg'], 4.5],
    ['chg-ink', [...grounds, 'chg'], 4.5],
    ['now', [...grounds, 'chg'], 3],
    ...['text', 'thinking', 'call', 'refusal', 'other', 'chg-line'].map((name) => [name, ['panel'], 3] as const),
  ]
  it.each(['light', 'dark'])('of the %s scheme have the contrast that text and marks need', (theme) => {
    const [, rules = ''] = new RegExp(`data-theme=${theme}\\]{([^}]*)}`).exec(STYLE) ?? []
    const colours = new Map(
      [...rules.matchAll(/--([\w-]+):(#\w+)/g)].map(([, name = '', colour = '']) => [name, luminance(colour)]),
    )
    for (const [name, others, least] of pairs) {
      for (const other of others) {
        const [low = NaN, high = NaN] = [colours.get(name), colours.get(other)].map(Number).toSorted((a, b) => a - b)
        expect((high + 0.05) / (low + 0.05), `${name} on ${other}`).toBeGreaterThanOrEqual(least)
      }
    }
  })
})
