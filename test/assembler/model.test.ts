/** The machine against a model of it that is small enough to be read: any operations, and what they come to after each of them. */
import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  nat,
  oneof,
  property,
  record,
  tuple,
  type Arbitrary,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STOP_REASONS, type AssistantMessage, type BlockKind } from '../../src/message.ts'
import type { BlockFields, OpenOperation, Operation } from '../../src/operation.ts'
import { modelOf } from '../support/model.ts'
import {
  append,
  begin,
  close,
  drive,
  endings,
  fail,
  hard,
  malformed,
  open,
  optionsOf,
  runs,
  singly,
  snapshot,
  soft,
  stop,
  usage,
  type Outcome,
} from '../support/operations.ts'

const RUNS = 1000

/** Few keys, of which each is a call of its own, so that operations meet; now and then a key is used for something else. */
const KINDS: Readonly<Record<string, BlockKind>> = { a: 'tool_call', b: 'tool_call', c: 'text', d: 'thinking' }
const keys = constantFrom('a', 'b', 'c', 'c', 'd')
const pieces = (kind: BlockKind) =>
  kind === 'tool_call' ? constantFrom('{"x":', '1', '}', '2', ' ') : constantFrom('a', 'b', 'ab')
const wholes = (kind: BlockKind) =>
  kind === 'tool_call' ? constantFrom('{"x":1}', '{"x":', '') : constantFrom('ab', 'ba', 'a', '')

function opening(key: string, isOther = false): Operation {
  const kind = KINDS[key] ?? 'other'
  const fields: BlockFields = kind === 'tool_call' ? { name: isOther ? `other_${key}` : key } : {}
  return kind !== 'tool_call' && isOther ? open(key, 'refusal') : open(key, kind, fields)
}

const aboutBlock: Arbitrary<readonly Operation[]> = keys.chain((key) => {
  const kind = KINDS[key] ?? 'other'
  return oneof(
    { weight: 6, arbitrary: constantFrom(false, false, false, true).map((isOther) => [opening(key, isOther)]) },
    { weight: 8, arbitrary: pieces(kind).map((text) => [append(key, kind, text)]) },
    { weight: 5, arbitrary: constant([close(key)]) },
  )
})
const finalForm: Arbitrary<readonly Operation[]> = keys.chain((key) => {
  const kind = KINDS[key] ?? 'other'
  return tuple(wholes(kind), constantFrom(1 as const, 2 as const, 3 as const)).map(([text, rank]) => [
    snapshot(key, kind, text, rank),
  ])
})
const aboutMessage: Arbitrary<readonly Operation[]> = oneof(
  {
    weight: 3,
    arbitrary: constantFrom('tool_calls' as const, 'end_turn' as const, ...STOP_REASONS).map((why) => [stop(why)]),
  },
  { weight: 1, arbitrary: nat(2).map((tokens) => [usage(tokens)]) },
  { weight: 2, arbitrary: constantFrom(soft, soft, hard, fail).map((one) => [one]) },
)
const lost: Arbitrary<readonly Operation[]> = constant([malformed])
const begins: Arbitrary<readonly Operation[]> = constantFrom('m', 'm', 'm', undefined, 'n').map((id) => [begin(id)])
const sensible: Arbitrary<readonly Operation[]> = oneof(
  constantFrom('a', 'b').map((key) => [
    opening(key),
    ...['{"x":', '1', '}'].map((text) => append(key, 'tool_call', text)),
    close(key),
  ]),
  constantFrom('ab', 'ba').map((text) => [open('c', 'text'), append('c', 'text', text), close('c')]),
  constant([stop('tool_calls'), soft]),
)
/** So much of the blocks is sent once more. */
const again: Arbitrary<number> = nat(12)

/**
 * What begins with its begin event, and speaks only of blocks that were opened, by the kind that they were opened with. A key becomes another
 * block only once its block is closed or the message begins again.
 */
function sequenceOf(...parts: readonly Arbitrary<readonly Operation[] | number>[]): Arbitrary<readonly Operation[]> {
  const all = array(oneof(aboutBlock, aboutBlock, aboutMessage, sensible, ...parts), { maxLength: 10, size: 'max' })
  return all.map((some) => {
    const sequence: Operation[] = [begin('m')]
    const known = new Map<string, OpenOperation>()
    const taken = new Set<string>()
    const add = (operation: Operation): void => {
      const opened = 'key' in operation ? known.get(operation.key ?? '') : undefined
      if (operation.op === 'begin') taken.clear()
      if (operation.op === 'open') {
        const next = opened !== undefined && taken.has(operation.key) ? opened : operation
        known.set(operation.key, next)
        taken.add(operation.key)
        sequence.push(next)
      } else if (operation.op === 'append' || operation.op === 'snapshot') {
        if (opened !== undefined) sequence.push({ ...operation, kind: opened.kind })
      } else if (operation.op !== 'close') sequence.push(operation)
      else if (opened !== undefined) {
        taken.delete(operation.key)
        sequence.push(operation)
      }
    }
    for (const part of some) {
      const isContent = ({ op }: Operation): boolean => op === 'open' || op === 'append' || op === 'close'
      const next = typeof part === 'number' ? [begin('m'), ...sequence.filter(isContent).slice(0, part)] : part
      for (const operation of next) add(operation)
    }
    return sequence
  })
}

/** What the assembler made of them, in the words of the model. */
function toldBy({ events }: Outcome, message: AssistantMessage): object {
  const { idSource, id, attempt, content, outcome, stop: stopped, usage: counted } = message
  const told = content.map((block) => {
    if (block.type === 'tool_call') return [block.type, block.arguments, block.state]
    return [block.type, 'text' in block ? block.text : undefined, undefined]
  })
  return {
    id: idSource === 'wire' ? id : undefined,
    attempt,
    tokens: counted.outputTokens,
    end: outcome.kind,
    stop: stopped.reason,
    calls: events.flatMap((event) => (event.type === 'tool_call' ? [told[event.block]] : [])),
    told,
  }
}

/** Blocks of a message that was generated anew stand where they stood when they first came: that is no part of the comparison. */
function inAnyOrder(message: object): object {
  if (!('told' in message) || !Array.isArray(message.told)) return message
  return { ...message, told: message.told.map((one) => JSON.stringify(one)).toSorted() }
}

interface Case {
  readonly all: readonly Operation[]
  readonly isEarly: boolean
}

function expectAgreement(cases: Arbitrary<Case>): void {
  assert(
    property(cases, nat(), endings, ({ all, isEarly }, place, ending) => {
      for (const to of [1 + (place % all.length), all.length]) {
        const sequence = all.slice(0, to)
        const made = drive(optionsOf({ toolCalls: isEarly ? 'early' : 'stop' }), singly(sequence), ending)
        const [message = expect.fail('there is no message'), ...others] = made.messages
        expect(others).toEqual([])
        expect(made.events.filter(({ type }) => type === 'reset')).toHaveLength(message.attempt - 1)
        // The model speaks of blocks that were opened in the message as it is now.
        if (message.anomalies.some(({ kind }) => kind === 'unopened_block')) return
        const comparable = message.attempt === 1 ? (one: object) => one : inAnyOrder
        const model = modelOf(sequence, { ending: ending.kind, isEarly })
        expect(comparable(toldBy(made, message))).toEqual(comparable(model))
      }
    }),
    runs(RUNS),
  )
}

describe('after any operations the message is what the model says', () => {
  it('I2, I3: of what is sent again, goes on, or is generated anew', () => {
    const cases = tuple(sequenceOf(begins, again), boolean()).map(([all, isEarly]) => ({
      // Whether a call that waited for a better reason is handed out early once that reason is void, the model does not know.
      all: isEarly ? all.filter(({ op }) => op !== 'stop') : all,
      isEarly,
    }))
    expectAgreement(cases)
  })

  it('I5, I6: of final forms, stop reasons, calls and endings', () => {
    expectAgreement(record({ all: sequenceOf(finalForm, finalForm, lost), isEarly: boolean() }))
  })
})
