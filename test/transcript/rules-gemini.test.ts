/** Each rule of Gemini with histories that break it, and with ones that nearly do. */
import { describe, expect, it } from 'vitest'
import { GEMINI_RULES } from '../../src/transcript/rules/gemini.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { findingsOf, type Found, foundIn, ODD_HISTORY, oddVersions } from './rules.ts'

const user = (...parts: unknown[]) => ({ role: 'user', parts })
const model = (...parts: unknown[]) => ({ role: 'model', parts })
const text = (said: string) => ({ text: said })
const call = (name: string, more: object = {}) => ({ functionCall: { name, args: {}, ...more } })
const response = (name: string, more: object = {}) => ({ functionResponse: { name, response: {}, ...more } })
const signed = (name: string) => ({ ...call(name), thoughtSignature: 'c2ln' })

const hello = user(text('hello'))

type Row = readonly [name: string, history: readonly unknown[], found: readonly Found[], facts?: RequestFacts]

const ROWS: readonly Row[] = [
  ['G1: two calls and two responses', [hello, model(call('a'), call('b')), user(response('a'), response('b'))], []],
  ['G1: two calls and one response', [hello, model(call('a'), call('b')), user(response('a'))], [['G1', 1]]],
  ['G1: a call at the end of the history is open', [hello, model(call('a'))], [['G1', 1]]],
  ['G1: a text in the place of the response', [hello, model(call('a')), hello], [['G1', 1]]],
  [
    'G1: the responses in contents of their own: the second one has no call before it',
    [hello, model(call('a'), call('b')), user(response('a')), user(response('b'))],
    [
      ['G1', 1],
      ['G3', 3, 0],
    ],
  ],
  ['G1: a response in the role function', [hello, model(call('a')), { role: 'function', parts: [response('a')] }], []],
  [
    'G1: one response too many',
    [hello, model(call('a')), user(response('a'), response('a'))],
    [
      ['G1', 1],
      ['G4', 2, 1],
    ],
  ],
  [
    'G1: the other writing of the fields',
    [
      hello,
      model({ function_call: { name: 'a' } }, { function_call: { name: 'b' } }),
      user({ function_response: { name: 'a' } }),
    ],
    [['G1', 1]],
  ],
  ['G1: text beside the response', [hello, model(call('a')), user(response('a'), text('go on'))], []],

  ['G2: the history starts with a call', [model(call('a')), user(response('a'))], [['G2', 0, 0]]],
  [
    'G2: a call behind a content of the model',
    [hello, model(text('so')), model(text('and'), call('a')), user(response('a'))],
    [['G2', 2, 1]],
  ],
  ['G2: a call behind a text in the same content', [hello, model(text('so'), call('a')), user(response('a'))], []],
  [
    'G2: a call behind a response',
    [hello, model(call('a')), user(response('a')), model(call('a')), user(response('a'))],
    [],
  ],

  ['G3: a response without any call', [user(response('a'))], [['G3', 0, 0]]],
  ['G3: a response behind a text of the model', [hello, model(text('so')), user(response('a'))], [['G3', 2, 0]]],
  [
    'G3: the user says something between call and response',
    [hello, model(call('a')), hello, user(response('a'))],
    [
      ['G1', 1],
      ['G3', 3, 0],
    ],
  ],

  ['quirk 12.07: a response of another name', [hello, model(call('a')), user(response('b'))], [['G4', 2, 0]]],
  [
    'quirk 12.07: a response of another id',
    [hello, model(call('a', { id: '1' })), user(response('a', { id: '2' }))],
    [['G4', 2, 0]],
  ],
  [
    'quirk 12.07: a response with the id of a call of another name',
    [hello, model(call('a', { id: '1' })), user(response('b', { id: '1' }))],
    [['G4', 2, 0]],
  ],
  ['G4: an id in the response only', [hello, model(call('a')), user(response('a', { id: '2' }))], []],
  ['G4: an id in the call only', [hello, model(call('a', { id: '1' })), user(response('a'))], []],
  [
    'G4: responses in another order than the calls',
    [
      hello,
      model(call('a', { id: '1' }), call('a', { id: '2' })),
      user(response('a', { id: '2' }), response('a', { id: '1' })),
    ],
    [],
  ],
  [
    'G4: two responses for one id',
    [
      hello,
      model(call('a', { id: '1' }), call('a', { id: '2' })),
      user(response('a', { id: '1' }), response('a', { id: '1' })),
    ],
    [['G4', 2, 1]],
  ],
  ['G4: `__proto__` is a name like others', [hello, model(call('__proto__')), user(response('__proto__'))], []],

  ['G5: no parts', [hello, model(text('hi')), user()], [['G5', 2]]],
  ['G5: no parts of the model, which was accepted', [hello, { role: 'model' }, hello], []],
  ['G5: no parts of the model, in strict', [hello, { role: 'model' }, hello], [['G5', 1]], { profile: 'strict' }],
  ['G5: an empty text and nothing else', [user(text(''))], [['G5', 0, 0]]],
  ['G5: an empty text beside a call, which was accepted', [hello, model(text(''), call('a')), user(response('a'))], []],
  [
    'G5: an empty text beside a call, in strict',
    [hello, model(text(''), call('a')), user(response('a'))],
    [['G5', 1, 0]],
    { profile: 'strict' },
  ],
  [
    'G5: an empty text that carries a signature',
    [hello, model({ text: '', thoughtSignature: 'c2ln' }), hello],
    [],
    { profile: 'strict' },
  ],

  [
    'G6: the first call has no signature',
    [hello, model(call('a')), user(response('a'))],
    [['G6', 1, 0]],
    { thinking: true },
  ],
  ['G6: the same, where nobody says that the model thinks', [hello, model(call('a')), user(response('a'))], []],
  [
    'G6: the first of parallel calls is signed',
    [hello, model(signed('a'), call('b')), user(response('a'), response('b'))],
    [],
    { thinking: true },
  ],
  [
    'G6: the second of parallel calls is signed',
    [hello, model(call('a'), signed('b')), user(response('a'), response('b'))],
    [['G6', 1, 0]],
    { thinking: true },
  ],
  [
    'G6: each step of the current turn needs one',
    [hello, model(signed('a')), user(response('a')), model(call('b')), user(response('b'))],
    [['G6', 3, 0]],
    { thinking: true },
  ],
  [
    'G6: an earlier turn is not looked at',
    [hello, model(call('a')), user(response('a')), model(text('so')), hello],
    [],
    { thinking: true },
  ],
  [
    'G6: the other writing of the signature',
    [hello, model({ function_call: { name: 'a' }, thought_signature: 'c2ln' }), user(response('a'))],
    [],
    { thinking: true },
  ],

  ['G7, G8: lax takes the model first, and users in a row', [model(text('hi')), hello, hello], []],
  [
    'G7, G8: strict takes neither',
    [model(text('hi')), hello, hello],
    [
      ['G7', 0],
      ['G8', 2],
    ],
    { profile: 'strict' },
  ],

  ['G9: no role of this API', [{ role: 'assistant', parts: [text('hi')] }], [['G9', 0]]],
  ['G9: no role at all, which is the user', [{ parts: [text('hi')] }], []],
  ['G9: a field more', [{ ...hello, id: 'x' }], [['G9', 0]]],
  [
    'G9: a content that is null, and one that is a number',
    [null, hello, 7],
    [
      ['G9', 0],
      ['G9', 2],
    ],
  ],
  [
    'G9: parts that are no list are none',
    [{ role: 'user', parts: 7 }],
    [
      ['G5', 0],
      ['G9', 0],
    ],
  ],
  [
    'G9: parts that are none',
    [user(text('hi'), null, 'there')],
    [
      ['G9', 0, 1],
      ['G9', 0, 2],
    ],
  ],
  ['G9: a call that is no object is no call', [hello, model({ functionCall: 7 }), hello], []],
]

describe('the rules of Gemini', () => {
  for (const [name, history, found, facts] of ROWS) {
    it(name, () => {
      expect(foundIn(GEMINI_RULES, history, facts)).toEqual(found)
    })
  }

  it('G1, G4, G6: name the call, and say it in the words of the provider', () => {
    const history = [
      hello,
      model(call('a', { id: '1' })),
      user(response('b', { id: '1' })),
      model(call('c', { id: '2' })),
    ]
    expect(findingsOf(GEMINI_RULES, history, { thinking: true })).toEqual([
      {
        rule: 'G1',
        message: 3,
        call: '2',
        text: '1 function call here, 0 function responses in the next content',
        provider:
          'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      },
      {
        rule: 'G4',
        message: 2,
        block: 0,
        call: '1',
        text: 'the call 1 is one of a, the response of b',
        provider: 'functionResponse.id does not match functionCall.id',
      },
      ...[1, 3].map((message) => ({
        rule: 'G6',
        message,
        block: 0,
        call: message === 1 ? '1' : '2',
        text: 'the function call has no thought signature',
        provider: `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`${message === 1 ? 'a' : 'c'}\`, position ${message + 1}.`,
      })),
    ])
  })

  it('throw at nothing, whatever stands where something else should', () => {
    const breaking = GEMINI_RULES.map(
      ({ id }) => ROWS.find(([, , found]) => found.some(([rule]) => rule === id))?.[1] ?? [],
    )
    const facts: RequestFacts = { profile: 'strict', thinking: true, tools: false }
    const seen = new Set<string>()
    for (const odd of [...breaking, ODD_HISTORY].flatMap(oddVersions)) {
      for (const [rule] of foundIn(GEMINI_RULES, odd, facts)) seen.add(rule)
    }
    expect(foundIn(GEMINI_RULES, [])).toEqual([])
    expect(seen.size).toBe(GEMINI_RULES.length)
  })

  it('have each an id of their own, and a source', () => {
    expect(GEMINI_RULES.map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, at) => `G${at + 1}`))
    for (const { source, id } of GEMINI_RULES) expect(URL.canParse(source), id).toBe(true)
    expect(GEMINI_RULES.filter(({ profile }) => profile === 'strict').map(({ id }) => id)).toEqual(['G7', 'G8'])
  })

  it('are all broken by a row here', () => {
    const broken = new Set(ROWS.flatMap(([, , found]) => found.map(([rule]) => rule)))
    expect(GEMINI_RULES.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([])
  })
})
