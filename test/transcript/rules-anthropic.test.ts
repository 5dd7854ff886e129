/** Each rule of Anthropic with histories that break it, and with ones that nearly do. */
import { describe, expect, it } from 'vitest'
import { ANTHROPIC_RULES } from '../../src/transcript/rules/anthropic.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { findingsOf, type Found, foundIn, ODD_HISTORY, oddVersions } from './rules.ts'

const user = (...content: unknown[]) => ({ role: 'user', content })
const assistant = (...content: unknown[]) => ({ role: 'assistant', content })
const text = (said: string) => ({ type: 'text', text: said })
const use = (id: string, input: unknown = {}) => ({ type: 'tool_use', id, name: 'look', input })
const result = (id: string, more: object = {}) => ({ type: 'tool_result', tool_use_id: id, content: 'seen', ...more })
const thinking = (signature = 'c2ln') => ({ type: 'thinking', thinking: 'hm', signature })
const search = (id: string) => ({ type: 'server_tool_use', id, name: 'web_search', input: { query: 'x' } })
const hits = (id: string) => ({ type: 'web_search_tool_result', tool_use_id: id, content: [] })

const hello = user(text('hello'))

type Row = readonly [name: string, history: readonly unknown[], found: readonly Found[], facts?: RequestFacts]

const ROWS: readonly Row[] = [
  ['A1: a call with its result in the next message', [hello, assistant(use('a')), user(result('a'))], []],
  ['A1: a call at the end of the history is open', [hello, assistant(use('a'))], [['A1', 1, 0]]],
  ['A1: a text in the place of the result', [hello, assistant(use('a')), hello], [['A1', 1, 0]]],
  ['A1: one of two calls is answered', [hello, assistant(use('a'), use('b')), user(result('b'))], [['A1', 1, 0]]],
  [
    'A1: a result one message late leaves the call open, and belongs to no call itself',
    [hello, assistant(use('a')), hello, assistant(text('well')), user(result('a'))],
    [
      ['A1', 1, 0],
      ['A3', 4, 0],
    ],
  ],
  [
    'A1: two assistant messages are one, whose calls the next message answers',
    [hello, assistant(use('a')), assistant(use('b')), user(result('a')), user(result('b'))],
    [],
  ],
  [
    'A1: the text of a user message is content as well',
    [{ role: 'user', content: 'hi' }, assistant(use('a'))],
    [['A1', 1, 0]],
  ],

  ['A2: text behind the results', [hello, assistant(use('a')), user(result('a'), text('go on'))], []],
  ['A2: text before the result', [hello, assistant(use('a')), user(text('wait'), result('a'))], [['A2', 2, 1]]],
  [
    'A2: text between two results',
    [hello, assistant(use('a'), use('b')), user(result('a'), text('and'), result('b'))],
    [['A2', 2, 2]],
  ],
  [
    'A2: a user message between call and result',
    [hello, assistant(use('a')), hello, user(result('a'))],
    [['A2', 3, 0]],
  ],
  ['A2: a user message behind the result', [hello, assistant(use('a')), user(result('a')), hello], []],

  ['A3: a result without any call', [user(result('ghost'))], [['A3', 0, 0]]],
  [
    'A3: a result of another call leaves the call open too',
    [hello, assistant(use('a')), user(result('b'))],
    [
      ['A1', 1, 0],
      ['A3', 2, 0],
    ],
  ],
  [
    'A3: a result before its call',
    [user(result('a')), assistant(use('a')), user(text('so?'))],
    [
      ['A1', 1, 0],
      ['A3', 0, 0],
    ],
  ],
  [
    'A3: results in another order than the calls',
    [hello, assistant(use('a'), use('b')), user(result('b'), result('a'))],
    [],
  ],

  [
    'A4: two calls of one message have one id',
    [hello, assistant(use('a'), use('a')), user(result('a'))],
    [['A4', 1, 1]],
  ],
  [
    'A4: a call of a later message has the id of an earlier one, and so has its result',
    [hello, assistant(use('a')), user(result('a')), assistant(use('a')), user(result('a'))],
    [
      ['A4', 3, 0],
      ['A4', 4, 0],
    ],
  ],
  ['A4: two results of one call', [hello, assistant(use('a')), user(result('a'), result('a'))], [['A4', 2, 1]]],
  [
    'A4: `__proto__` and `constructor` are ids like others',
    [hello, assistant(use('__proto__'), use('constructor')), user(result('constructor'), result('__proto__'))],
    [],
  ],

  ['A5: text before the call', [hello, assistant(text('so'), use('a')), user(result('a'))], []],
  ['A5: text behind the call', [hello, assistant(use('a'), text('so')), user(result('a'))], [['A5', 1, 1]]],
  [
    'A5: text between two calls',
    [hello, assistant(use('a'), text('so'), use('b')), user(result('a'), result('b'))],
    [['A5', 1, 1]],
  ],
  [
    'A5: a second assistant message with text belongs to the same turn',
    [hello, assistant(use('a')), assistant(text('so')), user(result('a'))],
    [['A5', 2, 0]],
  ],
  [
    'A5: a second assistant message with a call belongs to the same turn',
    [hello, assistant(text('so'), use('a')), assistant(use('b')), user(result('a'), result('b'))],
    [],
  ],
  [
    'A5: what the provider ran itself may stand behind a call',
    [hello, assistant(use('a'), search('srvtoolu_1'), hits('srvtoolu_1')), user(result('a'))],
    [],
  ],
  [
    'B24: a call with text behind it, its result, and two user messages in a row',
    [user(text('weather?')), assistant(use('call_1'), text('I look.')), user(result('call_1')), user(text('and now?'))],
    [['A5', 1, 1]],
  ],
  [
    'B24: the same in the right order',
    [user(text('weather?')), assistant(text('I look.'), use('call_1')), user(result('call_1'), text('and now?'))],
    [],
  ],
  [
    'B22: thinking that came twice stands behind the call, and ends the message',
    [hello, assistant(thinking(), use('x'), thinking()), user(result('x'))],
    [
      ['A5', 1, 2],
      ['A7', 1, 2],
    ],
  ],
  [
    'B22: the whole group twice, in messages of their own',
    [
      hello,
      assistant(thinking()),
      assistant(use('x')),
      user(result('x')),
      assistant(thinking()),
      assistant(use('x')),
      user(result('x')),
    ],
    [
      ['A4', 5, 0],
      ['A4', 6, 0],
    ],
  ],
  [
    'B22: the group once, in messages of their own',
    [hello, assistant(thinking()), assistant(use('x')), user(result('x'))],
    [],
  ],

  [
    'A6: thinking without a signature in the latest answer',
    [hello, assistant({ type: 'thinking', thinking: 'hm' }, text('yes'))],
    [['A6', 1, 0]],
  ],
  [
    'A6: thinking with an empty signature in the latest answer',
    [hello, assistant(thinking(''), text('yes')), hello],
    [['A6', 1, 0]],
  ],
  [
    'A6: redacted thinking without data',
    [hello, assistant({ type: 'redacted_thinking' }, text('yes'))],
    [['A6', 1, 0]],
  ],
  ['A6: redacted thinking with data', [hello, assistant({ type: 'redacted_thinking', data: 'eA==' }, text('yes'))], []],
  [
    'A6: signed thinking with an empty text',
    [hello, assistant({ type: 'thinking', thinking: '', signature: 'c2ln' }, text('yes'))],
    [],
  ],
  [
    'A6: an earlier answer is not looked at',
    [hello, assistant(thinking(''), text('yes')), hello, assistant(text('no'))],
    [],
  ],

  ['A7: thinking and nothing else', [hello, assistant(thinking()), hello], [['A7', 1, 0]]],
  [
    'A7: redacted thinking at the end',
    [hello, assistant(text('so'), { type: 'redacted_thinking', data: 'eA==' })],
    [['A7', 1, 1]],
  ],
  ['A7: the next assistant message goes on', [hello, assistant(thinking()), assistant(text('yes')), hello], []],

  [
    'A8: a tool loop without thinking',
    [hello, assistant(text('so'), use('a')), user(result('a'))],
    [['A8', 1, 0]],
    { thinking: true },
  ],
  [
    'A8: the same, where nobody says that thinking is on',
    [hello, assistant(text('so'), use('a')), user(result('a'))],
    [],
  ],
  [
    'A8: the same, where thinking is off',
    [hello, assistant(text('so'), use('a')), user(result('a'))],
    [],
    { thinking: false },
  ],
  [
    'A8: a tool loop that starts with thinking',
    [hello, assistant(thinking(), text('so'), use('a')), user(result('a'))],
    [],
    { thinking: true },
  ],
  [
    'A8: the second step of a loop needs no thinking of its own',
    [hello, assistant(thinking(), use('a')), user(result('a')), assistant(use('b')), user(result('b'))],
    [],
    { thinking: true },
  ],
  [
    'A8: the last step of a loop without any thinking is named',
    [hello, assistant(use('a')), user(result('a')), assistant(use('b')), user(result('b'))],
    [['A8', 3, 0]],
    { thinking: true },
  ],
  [
    'A8: a loop that is over is not looked at',
    [hello, assistant(use('a')), user(result('a')), assistant(text('done')), hello],
    [],
    { thinking: true },
  ],
  [
    'A8: thinking behind a text',
    [hello, assistant(text('so'), thinking(), text('yes')), hello],
    [['A8', 1, 0]],
    { thinking: true },
  ],

  ['A9: an empty text beside others', [hello, assistant(text(''), text('yes')), hello], [['A9', 1, 0]]],
  ['A9: one space beside a call, which was accepted', [hello, assistant(text(' '), use('a')), user(result('a'))], []],
  [
    'A9: one space beside a call, in strict',
    [hello, assistant(text(' '), use('a')), user(result('a'))],
    [['A9', 1, 0]],
    { profile: 'strict' },
  ],
  ['A9: blank text and nothing else', [user(text(' \n'))], [['A9', 0, 0]]],
  ['A9: blank text as the content', [{ role: 'user', content: '\n' }], [['A9', 0]]],

  ['A10: no blocks', [hello, assistant(), hello], [['A10', 1]]],
  ['A10: an empty text as the content', [{ role: 'user', content: '' }], [['A10', 0]]],
  ['A10: an empty assistant message at the end', [hello, assistant()], []],
  ['A10: an empty user message at the end', [hello, assistant(text('yes')), user()], [['A10', 2]]],

  ['A11: whitespace at the end of what the model is to go on from', [hello, assistant(text('so: '))], [['A11', 1, 0]]],
  ['A11: whitespace at the end of an answer that is not the last message', [hello, assistant(text('so: ')), hello], []],
  ['A11: whitespace at the start', [hello, { role: 'assistant', content: ' so:' }], []],
  [
    'A11: whitespace at the end of a text that is the content',
    [hello, { role: 'assistant', content: 'so:\n' }],
    [['A11', 1]],
  ],

  ['A12: a search and its hits', [hello, assistant(search('srvtoolu_1'), hits('srvtoolu_1'), text('yes')), hello], []],
  ['A12: hits without a search', [hello, assistant(hits('srvtoolu_1'), text('yes')), hello], [['A12', 1, 0]]],
  [
    'A12: hits before their search',
    [hello, assistant(hits('srvtoolu_1'), search('srvtoolu_1')), hello],
    [
      ['A12', 1, 0],
      ['A12', 1, 1],
    ],
  ],
  [
    'quirk 12.09: a search without hits, and the user goes on',
    [hello, assistant(text('so'), search('srvtoolu_1')), hello],
    [['A12', 1, 1]],
  ],
  ['A12: a search without hits at the end, which is sent again as it is', [hello, assistant(search('srvtoolu_1'))], []],
  [
    'A12: hits in the next turn of the model',
    [hello, assistant(search('srvtoolu_1')), hello, assistant(hits('srvtoolu_1'))],
    [
      ['A12', 1, 0],
      ['A12', 3, 0],
    ],
  ],
  [
    'A12: code that waits for the client tool it has called',
    [
      hello,
      assistant(search('srvtoolu_1'), use('a')),
      user(result('a')),
      assistant(hits('srvtoolu_1'), text('yes')),
      hello,
    ],
    [],
  ],
  [
    'A12: the same, where the user says more than the result',
    [hello, assistant(search('srvtoolu_1'), use('a')), user(result('a'), text('go on'))],
    [['A12', 1, 0]],
  ],
  [
    'A12: a call by MCP and its result',
    [
      hello,
      assistant({ type: 'mcp_tool_use', id: 'm', name: 'x', input: {} }, { type: 'mcp_tool_result', tool_use_id: 'm' }),
      hello,
    ],
    [],
  ],

  ['A13: lax takes users in a row, and an assistant first', [assistant(text('hi')), hello, hello], []],
  [
    'A13: strict takes neither',
    [assistant(text('hi')), hello, hello],
    [
      ['A13', 0],
      ['A13', 2],
    ],
    { profile: 'strict' },
  ],

  [
    'A14: tool blocks without tools',
    [hello, assistant(use('a')), user(result('a'))],
    [['A14', 1, 0]],
    { tools: false },
  ],
  ['A14: tool blocks with tools', [hello, assistant(use('a')), user(result('a'))], [], { tools: true }],
  ['A14: neither', [hello], [], { tools: false }],

  [
    'A15: an id of another provider',
    [hello, assistant(use('functions.look:0')), user(result('functions.look:0'))],
    [
      ['A15', 1, 0],
      ['A15', 2, 0],
    ],
  ],
  ['A15: an empty id', [hello, assistant(use(''))], [['A15', 1, 0]]],
  ['A15: no id', [hello, assistant({ type: 'tool_use', name: 'look', input: {} })], [['A15', 1, 0]]],
  [
    'A15: a line break behind the id',
    [hello, assistant(use('a\n')), user(result('a\n'))],
    [
      ['A15', 1, 0],
      ['A15', 2, 0],
    ],
  ],
  [
    'A15: the id of a server tool without its prefix',
    [hello, assistant(search('s_1'), hits('s_1')), hello],
    [['A15', 1, 0]],
  ],

  ['A16: an input that is a text', [hello, assistant(use('a', '{}')), user(result('a'))], [['A16', 1, 0]]],
  ['A16: an input that is a list', [hello, assistant(use('a', [])), user(result('a'))], [['A16', 1, 0]]],
  ['A16: an input that is null', [hello, assistant(use('a', null)), user(result('a'))], [['A16', 1, 0]]],

  ['A17: a field more', [{ id: 'msg_1', ...hello }], [['A17', 0]]],
  [
    'A17: a message that is null, and one that is a number',
    [null, hello, 7],
    [
      ['A17', 0],
      ['A17', 2],
    ],
  ],
  ['A17: no role of this API', [{ role: 'tool', content: 'seen' }], [['A17', 0]]],
  ['A17: a system message, which was accepted', [hello, { role: 'system', content: 'be brief' }], []],
  [
    'A17: a system message, in strict',
    [hello, { role: 'system', content: 'be brief' }],
    [['A17', 1]],
    { profile: 'strict' },
  ],
  [
    'A17: no content, and a content that is a number',
    [{ role: 'user' }, { role: 'user', content: 7 }],
    [
      ['A17', 0],
      ['A17', 1],
    ],
  ],
  [
    'A17: blocks that are none',
    [user(text('hi'), null, 'there', { text: 'x' }, { type: 'text' })],
    [
      ['A17', 0, 1],
      ['A17', 0, 2],
      ['A17', 0, 3],
      ['A17', 0, 4],
    ],
  ],
  ['A17: a result in an assistant message', [hello, assistant(result('a'))], [['A17', 1, 0]]],
  ['A17: a call in a user message', [user(use('a'))], [['A17', 0, 0]]],

  ['A18: a failed call with a text', [hello, assistant(use('a')), user(result('a', { is_error: true }))], []],
  [
    'A18: a failed call with text blocks',
    [hello, assistant(use('a')), user(result('a', { is_error: true, content: [text('no')] }))],
    [],
  ],
  [
    'A18: a failed call with an image',
    [hello, assistant(use('a')), user(result('a', { is_error: true, content: [text('no'), { type: 'image' }] }))],
    [['A18', 2, 0]],
  ],
  [
    'A18: a failed call with nothing',
    [hello, assistant(use('a')), user(result('a', { is_error: true, content: '' }))],
    [['A18', 2, 0]],
  ],
  [
    'A18: a call with an image that did not fail',
    [hello, assistant(use('a')), user(result('a', { content: [{ type: 'image' }] }))],
    [],
  ],
]

describe('the rules of Anthropic', () => {
  for (const [name, history, found, facts] of ROWS) {
    it(name, () => {
      expect(foundIn(ANTHROPIC_RULES, history, facts)).toEqual(found)
    })
  }

  it('A1: names the call, and says it in the words of the provider', () => {
    expect(findingsOf(ANTHROPIC_RULES, [hello, assistant(text('so'), use('toolu_1'))])).toEqual([
      {
        rule: 'A1',
        message: 1,
        block: 1,
        call: 'toolu_1',
        text: 'the call toolu_1 has no result in the next message',
        provider:
          'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
      },
    ])
  })

  it('A4, A12, A15, A16, A17, A18: say in the words of the provider where it is', () => {
    const history = [
      { ...hello, id: 'x' },
      assistant(use('a'), use('a'), search('srvtoolu_9')),
      user(result('a', { is_error: true, content: [] }), result('a')),
      assistant(use('b.c', 1), hits('srvtoolu_0')),
      user(result('b.c')),
    ]
    expect(findingsOf(ANTHROPIC_RULES, history).map(({ rule, provider }) => `${rule} ${provider}`)).toEqual([
      'A4 messages.1.content.1: `tool_use` ids must be unique',
      'A4 messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: a',
      'A12 messages.3.content.1: unexpected `tool_use_id` found in `web_search_tool_result` blocks: srvtoolu_0. Each `web_search_tool_result` block must have a corresponding `server_tool_use` block before it.',
      "A15 messages.3.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
      "A15 messages.4.content.0.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'",
      'A16 messages.3.content.0.tool_use.input: Input should be a valid dictionary',
      'A17 messages.0.id: Extra inputs are not permitted',
      'A18 messages.2.content.0.tool_result: content cannot be empty if is_error is true',
    ])
  })

  it('throw at nothing, whatever stands where something else should', () => {
    const breaking = ANTHROPIC_RULES.map(
      ({ id }) => ROWS.find(([, , found]) => found.some(([rule]) => rule === id))?.[1] ?? [],
    )
    const facts: RequestFacts = { profile: 'strict', thinking: true, tools: false }
    const seen = new Set<string>()
    for (const odd of [...breaking, ODD_HISTORY].flatMap(oddVersions)) {
      for (const [rule] of foundIn(ANTHROPIC_RULES, odd, facts)) seen.add(rule)
    }
    expect(foundIn(ANTHROPIC_RULES, [])).toEqual([])
    expect(seen.size).toBe(ANTHROPIC_RULES.length)
  })

  it('have each an id of their own, and a source', () => {
    expect(ANTHROPIC_RULES.map(({ id }) => id)).toEqual(Array.from({ length: 18 }, (_, at) => `A${at + 1}`))
    for (const { source, id } of ANTHROPIC_RULES) expect(URL.canParse(source), id).toBe(true)
    expect(ANTHROPIC_RULES.filter(({ profile }) => profile === 'strict').map(({ id }) => id)).toEqual(['A13'])
  })

  it('are all broken by a row here', () => {
    const broken = new Set(ROWS.flatMap(([, , found]) => found.map(([rule]) => rule)))
    expect(ANTHROPIC_RULES.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([])
  })
})
