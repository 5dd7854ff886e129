/**
 * I8 over conversations by chance, begun on one provider and gone on with on another: messages of several dialects, offered again and in
 * pieces, cut, with results that come late, twice or never. Whatever it is, each provider is told a valid history of it.
 */
import { array, assert, boolean, constantFrom, integer, nat, property, record, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContentBlock, Dialect } from '../../src/message.ts'
import { project } from '../../src/project.ts'
import { validate } from '../../src/transcript/rules.ts'
import { TARGETS } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { runs } from '../support/operations.ts'
import { answer, call, CUT, text, thinking } from '../transcript/messages.ts'

const DIALECTS: readonly Dialect[] = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
  'bedrock-converse',
  'claude-code',
]
const IDS = ['toolu_1', 'Bash_0', 'functions.read:0', `call_${'y'.repeat(60)}`, '', 'terminal:0']

const turns = array(
  record({
    dialect: constantFrom(...DIALECTS),
    user: nat({ max: 2 }),
    blankUser: integer({ min: 0, max: 6 }).map((n) => n === 0),
    thought: constantFrom('none', 'sealed', 'bare', 'last', 'alone'),
    texts: nat({ max: 2 }),
    blank: integer({ min: 0, max: 6 }).map((n) => n === 0),
    calls: uniqueArray(
      record({
        id: constantFrom(...IDS),
        fate: constantFrom('now', 'now', 'now', 'late', 'never', 'twice', 'cancelled'),
        isError: boolean(),
      }),
      { maxLength: 3, selector: ({ id }) => id },
    ),
    ending: constantFrom('whole', 'whole', 'whole', 'cut', 'replaced'),
    offer: constantFrom('once', 'once', 'twice', 'pieces', 'pieces after'),
  }),
  { maxLength: 6 },
)
type Turns = typeof turns extends { generate: (...args: never[]) => { readonly value: infer T } } ? T : never

interface Told {
  readonly transcript: Transcript
  readonly userTexts: readonly string[]
  readonly results: readonly string[]
}

function tell(conversation: Turns): Told {
  const transcript = new Transcript()
  const userTexts: string[] = []
  const results: string[] = []
  const late: (() => void)[] = []
  let count = 0
  const fresh = (prefix: string): string => `${prefix} ${++count}.`
  for (const [index, turn] of conversation.entries()) {
    for (let said = 0; said < turn.user; said += 1) {
      const words = turn.blankUser ? '' : fresh('user')
      transcript.add(words)
      if (words !== '') userTexts.push(words)
    }
    const thought = thinking(fresh('thought'), turn.thought === 'bare' ? undefined : fresh('seal'))
    const texts = Array.from({ length: turn.texts }, () => text(turn.blank ? ' ' : fresh('said')))
    const calls = turn.calls.map(({ id }) => call(id, { n: fresh('call') }))
    const content: ContentBlock[] =
      turn.thought === 'alone'
        ? [thought]
        : [
            ...(turn.thought === 'sealed' || turn.thought === 'bare' ? [thought] : []),
            ...texts,
            ...calls,
            ...(turn.thought === 'last' ? [thought] : []),
          ]
    const said = { id: `msg_${index}`, turn: `t${index}`, dialect: turn.dialect }
    const message = answer(content, turn.ending === 'cut' ? { ...said, outcome: CUT } : said)
    const pieces = message.content.map((block) => ({ ...message, content: [block] }))
    if (turn.ending === 'replaced') {
      transcript.add(
        answer([text('half'), call('toolu_gone')], { ...said, id: `gone_${index}`, attempt: 0, outcome: CUT }),
      )
    }
    if (turn.offer === 'pieces') for (const piece of pieces) transcript.add(piece, { isFragment: true })
    if (turn.offer !== 'pieces' || pieces.length === 0) transcript.add(message)
    if (turn.offer === 'twice') expect(transcript.add(message).kind).toBe('unchanged')
    if (turn.offer === 'pieces after') for (const piece of pieces) expect(transcript.add(piece).kind).toBe('unchanged')
    const asked = message.content.filter((block) => block.type === 'tool_call')
    for (const [place, block] of asked.entries()) {
      const fate = turn.calls[place]?.fate
      const isError = turn.calls[place]?.isError === true
      const words = fresh('result')
      const settle = (): void => {
        results.push(words)
        expect(transcript.settle(block, { content: words, isError }).kind).toBe('added')
      }
      if (fate === 'now' || fate === 'twice') settle()
      if (fate === 'twice') expect(transcript.settle(block, { content: words, isError }).kind).toBe('unchanged')
      if (fate === 'late') late.push(settle)
      if (fate === 'cancelled') transcript.giveUp(block, 'cancelled')
    }
  }
  for (const settle of late) settle()
  return { transcript, userTexts, results }
}

describe.each(TARGETS)('I8: generated conversations for %s', (target) => {
  it.each([{}, { profile: 'strict' as const }])(
    'are valid, the same each time, and lose no user text and no result: %o',
    (facts) => {
      assert(
        property(turns, (conversation) => {
          const { transcript, userTexts, results } = tell(conversation)
          const projection = project(transcript, target, facts)
          expect(validate(projection.messages, target, facts)).toEqual([])
          const lastResorts = projection.repairs.filter(({ text: why }) => why.includes('(rule '))
          expect(lastResorts, 'nothing is taken out for want of a repair').toEqual([])
          expect(project(transcript, target, facts), 'projected again').toEqual(projection)
          const again = Transcript.from(JSON.parse(JSON.stringify(transcript)))
          expect(project(again, target, facts), 'read back').toEqual(projection)
          const sent = JSON.stringify(projection.messages)
          let from = 0
          for (const said of userTexts) {
            const at = sent.indexOf(said, from)
            expect(at, said).toBeGreaterThanOrEqual(0)
            from = at
          }
          for (const result of results) expect(sent).toContain(result)
          expect(sent).not.toContain('toolu_gone')
        }),
        runs(350),
      )
    },
  )
})
