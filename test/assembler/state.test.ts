/**
 * THE machine, pair by pair: every input in every phase has a row that reaches it and says what must come out. Rows are looked up in the
 * tables of `state.ts`, so a new phase, input or decision without a row fails here.
 */
import { describe, expect, it } from 'vitest'
import type { Anomaly, AnomalyKind } from '../../src/anomaly.ts'
import { Assembler } from '../../src/assembler/assembler.ts'
import {
  BLOCK_TABLE,
  callState,
  compareText,
  contradicts,
  decideAfterStop,
  decideBegin,
  decideNumber,
  decideOutcome,
  decideReopen,
  decideSnapshot,
  decideStop,
  decideStream,
  HELD_EVENTS,
  goesOn,
  mayHandOut,
  MESSAGE_TABLE,
  messageInput,
  readStop,
  resentArguments,
  type BeginDecision,
  type Comparison,
  type ReopenDecision,
  type SnapshotDecision,
} from '../../src/assembler/state.ts'
import { STOP_REASONS, type AssistantMessage, type Outcome, type OutcomeError } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import {
  append,
  begin,
  close,
  fail,
  hard,
  list,
  malformed,
  meta,
  odd,
  open,
  optionsOf,
  patch,
  snapshot,
  soft,
  stop,
  usage,
  vague,
} from '../support/operations.ts'

interface Row {
  /** Reaches the phase. */
  readonly given: readonly Operation[]
  /** The input. */
  readonly when: Operation | 'attempt' | 'end'
  /** The turn events that it causes. */
  readonly live: readonly string[]
  /** The message after a clean end of input. */
  readonly message: string
}

function show(event: TurnEvent): string {
  switch (event.type) {
    case 'start':
      return `start ${event.id}`
    case 'block_start':
      return `block_start ${event.block} ${event.kind}`
    case 'text':
    case 'thinking':
    case 'replace':
      return `${event.type} ${event.block} ${event.text}`
    case 'tool_input':
      return `tool_input ${event.block} ${event.delta}`
    case 'block_stop':
      return `block_stop ${event.block}`
    case 'tool_call':
      return `tool_call ${event.block}`
    case 'usage':
      return `usage ${event.usage.outputTokens ?? '-'}`
    case 'anomaly':
      return `anomaly ${event.anomaly.kind}`
    case 'retry':
    case 'reset':
    case 'snapshot':
    case 'message':
      return event.type
    default: {
      const never: never = event
      return never
    }
  }
}

function tell({ id, outcome, content, stop: stopped, usage: counted }: AssistantMessage): string {
  const blocks = content.map((block) => {
    if (block.type === 'tool_call') return `${block.name}(${block.arguments}) ${block.state}`
    if (block.type === 'text')
      return `text ${block.text}${block.citations === undefined ? '' : ` [${block.citations.map((item) => JSON.stringify(item)).join()}]`}`
    if (block.type === 'thinking')
      return `thinking ${block.text}${block.signature === undefined ? '' : ` signed ${block.signature}`}`
    return block.type
  })
  const tokens = counted.outputTokens === undefined ? '' : `, ${counted.outputTokens} tokens`
  return `${id} ${outcome.kind}: ${blocks.join(' | ')}; ${stopped.reason}${tokens}`
}

function tellLive(assembler: Assembler, when: Row['when']): readonly TurnEvent[] {
  if (when === 'end') return assembler.end({ kind: 'complete' })
  if (when !== 'attempt') return assembler.receive({ operations: [when] })
  assembler.reopen(2)
  return assembler.take()
}

function tellRow({ given, when }: Row, isFinal: boolean): Pick<Row, 'live' | 'message'> {
  const assembler = new Assembler(optionsOf())
  for (const operation of given) assembler.receive({ operations: [operation] })
  if (isFinal) assembler.end({ kind: 'complete' })
  const live = tellLive(assembler, when)
  assembler.end({ kind: 'complete' })
  const isLate = assembler.anomalies.some(({ kind }) => kind === 'late_event')
  return {
    live: live.map(show),
    message: `${assembler.messages.map(tell).join(' & ')}${isLate ? ' (late event)' : ''}`,
  }
}

/** The names of all pairs of a table. */
function pairsOf(table: Readonly<Record<string, object>>): string[] {
  return Object.entries(table).flatMap(([phase, row]) => Object.keys(row).map((input) => `${phase} + ${input}`))
}

const M = begin('m')
const streaming = [M]
const stopping = [M, stop('end_turn')]
const terminated = [M, stop('end_turn'), hard]
const opened = [M, open('0', 'text', {}, 'ab')]
const closed = [...opened, close('0')]
const replaying = [...opened, M, open('0', 'text')]
const written = [M, open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{"a":1}'), close('0')]
const held = [...written, open('1', 'tool_call', { id: 'x', name: 'f' }), append('1', 'tool_call', '{"a":1')]
const handedOut = [...written, stop('tool_calls')]

/** Every input in every phase of a message. */
const MESSAGE_ROWS: Readonly<Record<string, Row>> = {
  'idle + begin': {
    given: [],
    when: begin('m'),
    live: ['start m'],
    message: 'm truncated: ; unknown',
  },
  'idle + meta': {
    given: [],
    when: meta({ id: 'm', model: 'x' }),
    live: ['start m', 'anomaly missing_begin'],
    message: 'm truncated: ; unknown',
  },
  'idle + block': {
    given: [],
    when: open('0', 'text', {}, 'a'),
    live: ['start t/0', 'anomaly missing_begin', 'block_start 0 text', 'text 0 a'],
    message: 't/0 truncated: text a; unknown',
  },
  'idle + stop': {
    given: [],
    when: stop('end_turn'),
    live: ['start t/0', 'anomaly missing_begin'],
    message: 't/0 truncated: ; end_turn',
  },
  'idle + usage': {
    given: [],
    when: usage(5),
    live: ['start t/0', 'anomaly missing_begin', 'usage 5'],
    message: 't/0 truncated: ; unknown, 5 tokens',
  },
  'idle + soft_terminal': {
    given: [],
    when: soft,
    live: ['start t/0', 'anomaly missing_begin'],
    message: 't/0 complete: ; unknown',
  },
  'idle + hard_terminal': {
    given: [],
    when: hard,
    live: [],
    message: 't/0 failed: ; unknown',
  },
  'idle + soft_fail': {
    given: [],
    when: vague,
    live: ['start t/0', 'anomaly missing_begin'],
    message: 't/0 failed: ; unknown',
  },
  'idle + fail': {
    given: [],
    when: fail,
    live: [],
    message: 't/0 failed: ; unknown',
  },
  'idle + anomaly': {
    given: [],
    when: odd,
    live: ['anomaly unknown_event'],
    message: 't/0 failed: ; unknown',
  },
  'idle + attempt': {
    given: [],
    when: 'attempt',
    live: [],
    message: 't/0 failed: ; unknown',
  },
  'idle + end': {
    given: [],
    when: 'end',
    live: ['message'],
    message: 't/0 failed: ; unknown',
  },
  'streaming + begin': {
    given: streaming,
    when: begin('m'),
    live: ['anomaly repeated_begin'],
    message: 'm truncated: ; unknown',
  },
  'streaming + meta': {
    given: streaming,
    when: meta({ id: 'm', model: 'x' }),
    live: [],
    message: 'm truncated: ; unknown',
  },
  'streaming + block': {
    given: streaming,
    when: open('0', 'text', {}, 'a'),
    live: ['block_start 0 text', 'text 0 a'],
    message: 'm truncated: text a; unknown',
  },
  'streaming + stop': {
    given: streaming,
    when: stop('end_turn'),
    live: [],
    message: 'm truncated: ; end_turn',
  },
  'streaming + usage': {
    given: streaming,
    when: usage(5),
    live: ['usage 5'],
    message: 'm truncated: ; unknown, 5 tokens',
  },
  'streaming + soft_terminal': {
    given: streaming,
    when: soft,
    live: [],
    message: 'm complete: ; unknown',
  },
  'streaming + hard_terminal': {
    given: streaming,
    when: hard,
    live: [],
    message: 'm complete: ; unknown',
  },
  'streaming + soft_fail': {
    given: streaming,
    when: vague,
    live: [],
    message: 'm failed: ; unknown',
  },
  'streaming + fail': {
    given: streaming,
    when: fail,
    live: [],
    message: 'm failed: ; unknown',
  },
  'streaming + anomaly': {
    given: streaming,
    when: odd,
    live: ['anomaly unknown_event'],
    message: 'm truncated: ; unknown',
  },
  'streaming + attempt': {
    given: streaming,
    when: 'attempt',
    live: [],
    message: 'm truncated: ; unknown',
  },
  'streaming + end': {
    given: streaming,
    when: 'end',
    live: ['message'],
    message: 'm truncated: ; unknown',
  },
  'stopping + begin': {
    given: stopping,
    when: begin('m'),
    live: ['anomaly repeated_begin'],
    message: 'm truncated: ; end_turn',
  },
  'stopping + meta': {
    given: stopping,
    when: meta({ id: 'm', model: 'x' }),
    live: [],
    message: 'm truncated: ; end_turn',
  },
  'stopping + block': {
    given: stopping,
    when: open('0', 'text', {}, 'a'),
    live: ['block_start 0 text', 'text 0 a', 'anomaly content_after_stop'],
    message: 'm truncated: text a; end_turn',
  },
  'stopping + stop': {
    given: stopping,
    when: stop('end_turn'),
    live: ['anomaly repeated_stop'],
    message: 'm truncated: ; end_turn',
  },
  'stopping + usage': {
    given: stopping,
    when: usage(5),
    live: ['usage 5'],
    message: 'm truncated: ; end_turn, 5 tokens',
  },
  'stopping + soft_terminal': {
    given: stopping,
    when: soft,
    live: [],
    message: 'm complete: ; end_turn',
  },
  'stopping + hard_terminal': {
    given: stopping,
    when: hard,
    live: [],
    message: 'm complete: ; end_turn',
  },
  'stopping + soft_fail': {
    given: stopping,
    when: vague,
    live: [],
    message: 'm failed: ; end_turn',
  },
  'stopping + fail': {
    given: stopping,
    when: fail,
    live: [],
    message: 'm failed: ; end_turn',
  },
  'stopping + anomaly': {
    given: stopping,
    when: odd,
    live: ['anomaly unknown_event'],
    message: 'm truncated: ; end_turn',
  },
  'stopping + attempt': {
    given: stopping,
    when: 'attempt',
    live: [],
    message: 'm truncated: ; end_turn',
  },
  'stopping + end': {
    given: stopping,
    when: 'end',
    live: ['message'],
    message: 'm truncated: ; end_turn',
  },
  'terminated + begin': {
    given: terminated,
    when: begin('m'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + meta': {
    given: terminated,
    when: meta({ id: 'm', model: 'x' }),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + block': {
    given: terminated,
    when: open('0', 'text', {}, 'a'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + stop': {
    given: terminated,
    when: stop('end_turn'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + usage': {
    given: terminated,
    when: usage(5),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + soft_terminal': {
    given: terminated,
    when: soft,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + hard_terminal': {
    given: terminated,
    when: hard,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + soft_fail': {
    given: terminated,
    when: vague,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + fail': {
    given: terminated,
    when: fail,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + anomaly': {
    given: terminated,
    when: odd,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'terminated + attempt': {
    given: [M, fail],
    when: 'attempt',
    live: [],
    message: 'm truncated: ; unknown',
  },
  'terminated + end': {
    given: terminated,
    when: 'end',
    live: ['message'],
    message: 'm complete: ; end_turn',
  },
  'final + begin': {
    given: terminated,
    when: begin('m'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + meta': {
    given: terminated,
    when: meta({ id: 'm', model: 'x' }),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + block': {
    given: terminated,
    when: open('0', 'text', {}, 'a'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + stop': {
    given: terminated,
    when: stop('end_turn'),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + usage': {
    given: terminated,
    when: usage(5),
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + soft_terminal': {
    given: terminated,
    when: soft,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + hard_terminal': {
    given: terminated,
    when: hard,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + soft_fail': {
    given: terminated,
    when: vague,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + fail': {
    given: terminated,
    when: fail,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + anomaly': {
    given: terminated,
    when: odd,
    live: [],
    message: 'm complete: ; end_turn (late event)',
  },
  'final + attempt': {
    given: terminated,
    when: 'attempt',
    live: [],
    message: 'm complete: ; end_turn',
  },
  'final + end': {
    given: terminated,
    when: 'end',
    live: [],
    message: 'm complete: ; end_turn',
  },
}

/** Every input in every phase of a block. */
const BLOCK_ROWS: Readonly<Record<string, Row>> = {
  'absent + open': {
    given: [M],
    when: open('0', 'text', {}, 'a'),
    live: ['block_start 0 text', 'text 0 a'],
    message: 'm truncated: text a; unknown',
  },
  'absent + append': {
    given: [M],
    when: append('0', 'text', 'a'),
    live: ['anomaly unopened_block', 'block_start 0 text', 'text 0 a'],
    message: 'm truncated: text a; unknown',
  },
  'absent + list': {
    given: [M],
    when: list('0', 'text', 'i'),
    live: ['anomaly unopened_block', 'block_start 0 text'],
    message: 'm truncated: text  ["i"]; unknown',
  },
  'absent + patch': {
    given: [M],
    when: patch('0', 'thinking', { signature: 's' }),
    live: ['anomaly unopened_block', 'block_start 0 thinking'],
    message: 'm truncated: thinking  signed s; unknown',
  },
  'absent + snapshot': {
    given: [M],
    when: snapshot('0', 'text', 'a'),
    live: ['block_start 0 text', 'text 0 a'],
    message: 'm truncated: text a; unknown',
  },
  'absent + close': {
    given: [M],
    when: close('0'),
    live: ['anomaly stray_close'],
    message: 'm truncated: ; unknown',
  },
  'held + open': {
    given: held,
    when: open('1', 'tool_call', { id: 'x', name: 'f' }),
    live: ['anomaly repeated_open'],
    message: 'm truncated: f({"a":1}) complete | f({"a":1) partial; unknown',
  },
  'held + append': {
    given: held,
    when: append('1', 'tool_call', '}'),
    live: [],
    message: 'm truncated: f({"a":1}) complete; unknown',
  },
  'held + list': {
    given: held,
    when: list('1', 'tool_call', 'i'),
    live: [],
    message: 'm truncated: f({"a":1}) complete | f({"a":1) partial; unknown',
  },
  'held + patch': {
    given: held,
    when: patch('1', 'tool_call', { origin: 'client' }),
    live: [],
    message: 'm truncated: f({"a":1}) complete | f({"a":1) partial; unknown',
  },
  'held + snapshot': {
    given: held,
    when: snapshot('1', 'tool_call', '{"a":1}'),
    live: [],
    message: 'm truncated: f({"a":1}) complete; unknown',
  },
  'held + close': {
    given: [...held, append('1', 'tool_call', '}')],
    when: close('1'),
    live: ['anomaly duplicate_call'],
    message: 'm truncated: f({"a":1}) complete; unknown',
  },
  'open + open': {
    given: opened,
    when: open('0', 'text', {}, 'b'),
    live: ['anomaly repeated_open'],
    message: 'm truncated: text ab; unknown',
  },
  'open + append': {
    given: opened,
    when: append('0', 'text', 'b'),
    live: ['text 0 b'],
    message: 'm truncated: text abb; unknown',
  },
  'open + list': {
    given: opened,
    when: list('0', 'text', 'i'),
    live: [],
    message: 'm truncated: text ab ["i"]; unknown',
  },
  'open + patch': {
    given: [M, open('0', 'thinking')],
    when: patch('0', 'thinking', { signature: 's' }),
    live: [],
    message: 'm truncated: thinking  signed s; unknown',
  },
  'open + snapshot': {
    given: opened,
    when: snapshot('0', 'text', 'b'),
    live: ['anomaly snapshot_differs', 'replace 0 b'],
    message: 'm truncated: text b; unknown',
  },
  'open + close': {
    given: opened,
    when: close('0'),
    live: ['block_stop 0'],
    message: 'm truncated: text ab; unknown',
  },
  'closed + open': {
    given: closed,
    when: open('0', 'text', {}, 'b'),
    live: ['anomaly block_key_reused', 'block_start 1 text', 'text 1 b'],
    message: 'm truncated: text ab | text b; unknown',
  },
  'closed + append': {
    given: closed,
    when: append('0', 'text', 'b'),
    live: ['anomaly late_append', 'text 0 b'],
    message: 'm truncated: text abb; unknown',
  },
  'closed + list': {
    given: closed,
    when: list('0', 'text', 'i'),
    live: ['anomaly late_append'],
    message: 'm truncated: text ab ["i"]; unknown',
  },
  'closed + patch': {
    given: [M, open('0', 'thinking'), close('0')],
    when: patch('0', 'thinking', { signature: 's' }),
    live: [],
    message: 'm truncated: thinking  signed s; unknown',
  },
  'closed + snapshot': {
    given: closed,
    when: snapshot('0', 'text', 'ab'),
    live: [],
    message: 'm truncated: text ab; unknown',
  },
  'closed + close': {
    given: closed,
    when: close('0'),
    live: ['anomaly repeated_close'],
    message: 'm truncated: text ab; unknown',
  },
  'handed_out + open': {
    given: [...handedOut, M],
    when: open('0', 'tool_call', { id: 'x', name: 'f' }),
    live: [],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'handed_out + append': {
    given: handedOut,
    when: append('0', 'tool_call', '}'),
    live: ['anomaly append_after_hand_out'],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'handed_out + list': {
    given: handedOut,
    when: list('0', 'tool_call', 'i'),
    live: ['anomaly append_after_hand_out'],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'handed_out + patch': {
    given: handedOut,
    when: patch('0', 'tool_call', { name: 'g' }),
    live: ['anomaly append_after_hand_out'],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'handed_out + snapshot': {
    given: handedOut,
    when: snapshot('0', 'tool_call', '{}'),
    live: ['anomaly snapshot_refused'],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'handed_out + close': {
    given: handedOut,
    when: close('0'),
    live: ['anomaly repeated_close'],
    message: 'm truncated: f({"a":1}) complete; tool_calls',
  },
  'replaying + open': {
    given: replaying,
    when: open('0', 'text'),
    live: ['anomaly repeated_open'],
    message: 'm truncated: text ab; unknown',
  },
  'replaying + append': {
    given: replaying,
    when: append('0', 'text', 'a'),
    live: [],
    message: 'm truncated: text ab; unknown',
  },
  'replaying + list': {
    given: [M, open('0', 'text'), list('0', 'text', 'i'), M, open('0', 'text')],
    when: list('0', 'text', 'i'),
    live: [],
    message: 'm truncated: text  ["i"]; unknown',
  },
  'replaying + patch': {
    given: [M, open('0', 'thinking', {}, 'a'), M, open('0', 'thinking')],
    when: patch('0', 'thinking', { signature: 's' }),
    live: [],
    message: 'm truncated: thinking a signed s; unknown',
  },
  'replaying + snapshot': {
    given: replaying,
    when: snapshot('0', 'text', 'abc'),
    live: ['text 0 c'],
    message: 'm truncated: text abc; unknown',
  },
  'replaying + close': {
    given: replaying,
    when: close('0'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 text', 'block_stop 0'],
    message: 'm truncated: text ; unknown',
  },
}

/** What the tables leave to a decision. */
const DECIDED_ROWS: Readonly<Record<string, Row>> = {
  'begins late: content first, then its begin event': {
    given: [open('0', 'text', {}, 'a')],
    when: M,
    live: [],
    message: 'm truncated: text a; unknown',
  },
  'begins again under another id': {
    given: opened,
    when: begin('n'),
    live: ['anomaly restarted', 'reset', 'start n'],
    message: 'n truncated: ; unknown',
  },
  'begins again under another id after a call was handed out': {
    given: handedOut,
    when: begin('n'),
    live: [],
    message: 'm failed: f({"a":1}) complete; tool_calls',
  },
  'goes on under another id, which is no begin event': {
    given: opened,
    when: meta({ id: 'n' }),
    live: ['anomaly id_changed'],
    message: 'm truncated: text ab; unknown',
  },
  'a worse stop reason': {
    given: stopping,
    when: stop('max_tokens'),
    live: ['anomaly stop_changed'],
    message: 'm truncated: ; max_tokens',
  },
  'a better stop reason': {
    given: [M, stop('max_tokens')],
    when: stop('end_turn'),
    live: ['anomaly stop_changed'],
    message: 'm truncated: ; max_tokens',
  },
  'a delta of another kind': {
    given: opened,
    when: append('0', 'thinking', 'b'),
    live: ['anomaly kind_mismatch', 'block_start 1 thinking', 'thinking 1 b'],
    message: 'm truncated: text ab | thinking b; unknown',
  },
  'a malformed event in a call': {
    given: [M, open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{}')],
    when: malformed,
    live: ['anomaly malformed_event'],
    message: 'm truncated: f({}) invalid; unknown',
  },
  'an opening of another kind in the middle': {
    given: opened,
    when: open('0', 'thinking', {}, 'b'),
    live: ['anomaly block_key_reused', 'block_stop 0', 'block_start 1 thinking', 'thinking 1 b'],
    message: 'm truncated: text ab | thinking b; unknown',
  },
  'a held call that turns out to be another': {
    given: [...held, append('1', 'tool_call', ',"b":2}')],
    when: close('1'),
    live: ['anomaly call_id_reused', 'block_start 1 tool_call', 'tool_input 1 {"a":1,"b":2}', 'block_stop 1'],
    message: 'm truncated: f({"a":1}) complete | f({"a":1,"b":2}) complete; unknown',
  },
  'a call under an id that another has': {
    given: written,
    when: open('1', 'tool_call', { id: 'x', name: 'g' }),
    live: ['anomaly call_id_reused', 'block_start 1 tool_call'],
    message: 'm truncated: f({"a":1}) complete | g() partial; unknown',
  },
  'a replay of another kind': {
    given: [...opened, M],
    when: open('0', 'thinking', {}, 'b'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 thinking', 'thinking 0 b'],
    message: 'm truncated: thinking b; unknown',
  },
  'content after an error that says nothing': {
    given: [M, vague],
    when: open('0', 'text', {}, 'a'),
    live: ['block_start 0 text', 'text 0 a'],
    message: 'm failed: text a; unknown',
  },
  'an error that says more than the one before': {
    given: [M, vague],
    when: fail,
    live: [],
    message: 'm failed: ; unknown',
  },
  'a final form that closes': {
    given: opened,
    when: { op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 2, text: 'abc', closes: true },
    live: ['text 0 c', 'block_stop 0'],
    message: 'm truncated: text abc; unknown',
  },
  'a final form that only fills in, longer': {
    given: opened,
    when: snapshot('0', 'text', 'abc', 0),
    live: ['text 0 c'],
    message: 'm truncated: text abc; unknown',
  },
  'a final form that only fills in, shorter': {
    given: opened,
    when: snapshot('0', 'text', 'a', 0),
    live: [],
    message: 'm truncated: text ab; unknown',
  },
  'a final form that only fills in, another': {
    given: opened,
    when: snapshot('0', 'text', 'x', 0),
    live: ['anomaly snapshot_refused'],
    message: 'm truncated: text ab; unknown',
  },
  'a replay whose final form contradicts': {
    given: [...closed, M, open('0', 'text')],
    when: snapshot('0', 'text', 'x'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 text', 'text 0 x'],
    message: 'm truncated: text x; unknown',
  },
  'a replay that contradicts': {
    given: replaying,
    when: append('0', 'text', 'b'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 text', 'text 0 b'],
    message: 'm truncated: text b; unknown',
  },
  'a replay that goes on': {
    given: replaying,
    when: append('0', 'text', 'abc'),
    live: ['text 0 c'],
    message: 'm truncated: text abc; unknown',
  },
  'a replay that is whole and closes': {
    given: [...replaying, append('0', 'text', 'ab')],
    when: close('0'),
    live: ['block_stop 0'],
    message: 'm truncated: text ab; unknown',
  },
  'a replay that contradicts a call that was handed out': {
    given: [...handedOut, M, open('0', 'tool_call', { id: 'x', name: 'f' })],
    when: append('0', 'tool_call', '['),
    live: [],
    message: 'm failed: f({"a":1}) complete; tool_calls',
  },
  'a replay with an item more in a closed block': {
    given: [M, open('0', 'text'), close('0'), M, open('0', 'text')],
    when: list('0', 'text', 'i'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 text'],
    message: 'm truncated: text  ["i"]; unknown',
  },
  'a replay that is closed with its text whole but a citation short': {
    given: [M, open('0', 'text'), list('0', 'text', 'i'), close('0'), M, open('0', 'text')],
    when: close('0'),
    live: ['anomaly regenerated', 'reset', 'block_start 0 text', 'block_stop 0'],
    message: 'm truncated: text ; unknown',
  },
}

describe.each([
  ['messages', MESSAGE_TABLE, MESSAGE_ROWS],
  ['blocks', BLOCK_TABLE, BLOCK_ROWS],
] as const)('the table of %s', (_, table, rows) => {
  it('has a row here for every pair, and none besides', () => {
    expect(Object.keys(rows).toSorted()).toEqual(pairsOf(table).toSorted())
  })

  it.each(Object.entries(rows))('%s', (pair, row) => {
    const { when } = row
    const isOperation = when !== 'end' && when !== 'attempt'
    const input = !isOperation ? when : table === MESSAGE_TABLE ? messageInput(when) : when.op
    expect(pair.split(' + ')[1], 'the input that the row is about').toBe(input)
    expect(tellRow(row, pair.startsWith('final'))).toEqual({ live: row.live, message: row.message })
  })
})

/** What becomes of a piece of text for a block in each phase, and in no other: so its phase can be seen from outside. */
const SHOWN_BY: Readonly<Record<keyof typeof BLOCK_TABLE, string>> = {
  absent: 'unopened_block, shown',
  held: '',
  open: 'shown',
  closed: 'late_append, shown',
  handed_out: 'append_after_hand_out',
  replaying: 'regenerated, shown',
}

function timesOf(anomalies: readonly Anomaly[], kind: AnomalyKind): number {
  return anomalies.reduce((sum, one) => sum + (one.kind === kind ? (one.count ?? 1) : 0), 0)
}

describe('the phase that the table says a step leads to', () => {
  const rows = Object.entries(BLOCK_TABLE).flatMap(([phase, row]) =>
    Object.entries(row).flatMap(([input, { to }]): [string, keyof typeof BLOCK_TABLE][] =>
      to === 'decided' ? [] : [[`${phase} + ${input}`, to]],
    ),
  )

  it.each(rows)('%s: %s', (pair, to) => {
    const { given, when } = BLOCK_ROWS[pair] ?? expect.fail('there is a row for each pair')
    if (typeof when === 'string' || !('key' in when) || when.key === undefined) expect.fail('it names a block')
    const assembler = new Assembler(optionsOf())
    for (const operation of [...given, when]) assembler.receive({ operations: [operation] })
    const { content, anomalies } = assembler.snapshot()
    const kind = content[Number(when.key)]?.type ?? (to === 'held' ? 'tool_call' : 'text')
    const said = assembler.receive({ operations: [append(when.key, kind, '!')] }).map(show)
    const after = assembler.snapshot().anomalies
    const kinds = new Set(after.map((one) => one.kind))
    const news = [...kinds].filter((one) => timesOf(after, one) > timesOf(anomalies, one))
    const seen: string[] = news.filter((one) => one !== 'content_after_stop')
    if (said.some((event) => event.endsWith('!'))) seen.push('shown')
    expect(seen.join(', ')).toBe(SHOWN_BY[to])
  })
})

describe('what a decision makes of it', () => {
  it.each(Object.entries(DECIDED_ROWS))('%s', (_, row) => {
    expect(tellRow(row, false)).toEqual({ live: row.live, message: row.message })
  })
})

/** Facts and what they decide, by the decision, so that the compiler misses none. */
type Rows<Decision extends string, Facts> = Readonly<Record<Decision, readonly Facts[]>>
type FactsOf<Decide extends (facts: never) => unknown> = Parameters<Decide>[0]

function rowsOf<Decision extends string, Facts>(rows: Rows<Decision, Facts>): [Decision, Facts][] {
  return (Object.keys(rows) as Decision[]).flatMap((decision) =>
    rows[decision].map((facts): [Decision, Facts] => [decision, facts]),
  )
}

describe('decideBegin', () => {
  const begun = {
    ended: false,
    announced: true,
    id: 'm',
    newId: 'm',
    many: false,
    isNext: false,
    isPast: false,
    handedOut: false,
  }
  const rows: Rows<BeginDecision, FactsOf<typeof decideBegin>> = {
    adopt: [
      { ...begun, announced: false },
      { ...begun, announced: false, id: undefined },
      { ...begun, announced: false, newId: undefined },
    ],
    repeat: [begun, { ...begun, newId: undefined }, { ...begun, id: undefined }, { ...begun, handedOut: true }],
    restart: [
      { ...begun, newId: 'n' },
      { ...begun, newId: 'n', announced: false },
    ],
    refuse: [{ ...begun, newId: 'n', handedOut: true }],
    next: [
      { ...begun, many: true, newId: 'n' },
      { ...begun, many: true, newId: 'n', handedOut: true },
      { ...begun, ended: true, many: true, newId: 'n' },
      { ...begun, ended: true, many: true, id: undefined },
      { ...begun, ended: true, many: true, newId: undefined },
      { ...begun, ended: true, many: true, isNext: true },
      { ...begun, ended: true, many: true, isNext: true, newId: undefined },
      { ...begun, ended: true, many: true, isNext: true, newId: 'n', isPast: true },
    ],
    second: [
      { ...begun, ended: true, newId: 'n' },
      { ...begun, ended: true, newId: 'n', handedOut: true },
    ],
    late: [
      { ...begun, many: true, newId: 'n', isPast: true },
      { ...begun, ended: true, many: true, newId: 'n', isPast: true },
      { ...begun, ended: true },
      { ...begun, ended: true, many: true },
      { ...begun, ended: true, newId: undefined },
      { ...begun, ended: true, isNext: true },
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, facts) => {
    expect(decideBegin(facts)).toBe(decision)
  })
})

describe('decideReopen', () => {
  const facts = { begunSince: false, isEmpty: false, isSame: true, isOvertaken: false }
  const again = { ...facts, begunSince: true }
  const rows: Rows<ReopenDecision, FactsOf<typeof decideReopen>> = {
    replay: [
      { ...again, phase: 'open' },
      { ...again, phase: 'closed' },
      { ...again, phase: 'closed', isEmpty: true },
      { ...again, phase: 'handed_out' },
      { ...again, phase: 'held' },
      { ...again, phase: 'replaying' },
    ],
    regenerated: [
      { ...again, phase: 'open', isSame: false },
      { ...again, phase: 'open', isSame: false, isEmpty: true },
      { ...again, phase: 'closed', isSame: false },
      { ...again, phase: 'handed_out', isSame: false },
      { ...again, phase: 'held', isSame: false },
      { ...facts, phase: 'replaying', isSame: false },
    ],
    repeat: [
      { ...facts, phase: 'open' },
      { ...again, phase: 'open', isEmpty: true },
      { ...facts, phase: 'held' },
      { ...facts, phase: 'replaying' },
      { ...facts, phase: 'closed', isOvertaken: true },
      { ...facts, phase: 'handed_out', isOvertaken: true },
    ],
    reuse: [
      { ...facts, phase: 'closed', isSame: false, isOvertaken: true },
      { ...facts, phase: 'closed' },
      { ...facts, phase: 'handed_out' },
      { ...facts, phase: 'open', isSame: false },
      { ...facts, phase: 'held', isSame: false },
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(decideReopen(own)).toBe(decision)
  })
})

describe('compareText', () => {
  it.each<[string, number, string, Comparison]>([
    ['abc', 0, '', { kind: 'same', at: 0 }],
    ['abc', 0, 'ab', { kind: 'same', at: 2 }],
    ['abc', 1, 'bc', { kind: 'same', at: 3 }],
    ['abc', 3, '', { kind: 'same', at: 3 }],
    ['abc', 1, 'bcd', { kind: 'beyond', rest: 'd' }],
    ['abc', 3, 'd', { kind: 'beyond', rest: 'd' }],
    ['', 0, 'a', { kind: 'beyond', rest: 'a' }],
    ['abc', 0, 'x', { kind: 'contradiction' }],
    ['abc', 1, 'bxd', { kind: 'contradiction' }],
    ['abab', 2, 'aba', { kind: 'beyond', rest: 'a' }],
  ])('of "%s" from %i on with "%s"', (have, at, text, comparison) => {
    expect(compareText(have, at, text)).toEqual(comparison)
  })
})

describe('decideSnapshot', () => {
  const facts = { have: 'ab', text: 'ab', rank: 1, knownRank: 0, handedOut: false }
  const rows: Rows<SnapshotDecision, FactsOf<typeof decideSnapshot>> = {
    keep: [
      { ...facts, text: undefined },
      { ...facts, text: '' },
      { ...facts, text: 'x', knownRank: 2 },
      { ...facts, text: 'a', rank: 0 },
      { ...facts, text: 'abc', rank: 0, knownRank: 1 },
    ],
    extend: [
      facts,
      { ...facts, text: 'abc' },
      { ...facts, have: '' },
      { ...facts, text: 'abc', knownRank: 1 },
      { ...facts, text: 'abc', rank: 0 },
    ],
    replace: [
      { ...facts, text: 'x' },
      { ...facts, text: 'a' },
      { ...facts, text: 'x', rank: 3, knownRank: 2 },
    ],
    refuse: [
      { ...facts, handedOut: true },
      { ...facts, text: 'x', handedOut: true },
      { ...facts, text: 'abc', handedOut: true },
      { ...facts, text: 'x', rank: 0 },
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(decideSnapshot(own)).toBe(decision)
  })
})

describe('contradicts', () => {
  it.each<[string | undefined, string, string | undefined, boolean]>([
    [undefined, 'ab', undefined, false],
    ['', 'ab', undefined, false],
    ['ab', 'ab', undefined, false],
    ['abc', 'ab', undefined, false],
    ['x', 'x of the end', 'x', false],
    ['a', 'ab', undefined, true],
    ['x', 'ab', undefined, true],
    ['x', 'ab', 'y', true],
  ])('a final form of %j where there is %j, streamed as %j: %s', (text, known, streamed, expected) => {
    expect(contradicts(text, { text: known, streamed })).toBe(expected)
  })
})

describe('decideAfterStop', () => {
  const facts = { tail: false, head: false, opensAgain: false, before: 'stop' } as const
  const rows: Rows<ReturnType<typeof decideAfterStop>, FactsOf<typeof decideAfterStop>> = {
    repeat: [
      { ...facts, tail: true },
      { ...facts, tail: true, before: 'end' },
      { ...facts, tail: true, head: true, opensAgain: true },
      { ...facts, head: true, opensAgain: true, before: 'end' },
    ],
    continuation: [
      facts,
      { ...facts, before: 'end' },
      { ...facts, opensAgain: true, before: 'end' },
      { ...facts, head: true, before: 'end' },
      { ...facts, head: true, opensAgain: true },
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(decideAfterStop(own)).toBe(decision)
  })
})

describe('resentArguments', () => {
  it.each<[string, number, string | undefined]>([
    ['{"a":1}', 0, undefined],
    ['{"a":1}{"a":1}', 7, '{"a":1}'],
    ['{"a":{"a":1}', 5, '{"a":1}'],
    ['{"a":1}{"a":2}', 7, undefined],
    ['{"a":1}}', 7, undefined],
    ['', 0, undefined],
  ])('of %s with the last delta from %i on', (text, lastAppendAt, whole) => {
    expect(resentArguments(text, lastAppendAt, 'tool_calls')).toBe(whole)
    expect(resentArguments(text, lastAppendAt, 'max_tokens')).toBeUndefined()
  })
})

describe('goesOn', () => {
  it('is true for exactly the pairs in which text is just added', () => {
    for (const phase of Object.keys(MESSAGE_TABLE) as (keyof typeof MESSAGE_TABLE)[]) {
      for (const block of Object.keys(BLOCK_TABLE) as (keyof typeof BLOCK_TABLE)[]) {
        const isPlain = MESSAGE_TABLE[phase].block.rule === 'apply' && BLOCK_TABLE[block].append.rule === 'append'
        expect(goesOn(phase, block), `${phase}, ${block}`).toBe(isPlain)
      }
    }
  })
})

describe('decideStop and readStop', () => {
  const rows: Rows<ReturnType<typeof decideStop>, Parameters<typeof decideStop>> = {
    first: [
      [undefined, 'unknown'],
      [undefined, 'error'],
    ],
    repeat: [['end_turn', 'end_turn']],
    worse: [
      ['unknown', 'end_turn'],
      ['tool_calls', 'max_tokens'],
      ['refusal', 'error'],
      ['end_turn', 'tool_calls'],
    ],
    better: [
      ['error', 'content_filter'],
      ['max_tokens', 'end_turn'],
      ['end_turn', 'unknown'],
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, facts) => {
    expect(decideStop(...facts)).toBe(decision)
  })

  it('reads a neutral reason as tool calls only if there is one for the client', () => {
    for (const reason of STOP_REASONS) {
      const isNeutral = reason === 'end_turn' || reason === 'stop_sequence' || reason === 'unknown'
      expect(readStop(reason, true, 'complete')).toBe(isNeutral ? 'tool_calls' : reason)
      expect(readStop(reason, false, 'complete')).toBe(reason)
    }
    expect(readStop(undefined, false, 'complete')).toBe('unknown')
    expect(readStop(undefined, true, 'complete')).toBe('tool_calls')
  })

  it('knows no reason of a message that was cut before it, whatever calls it has', () => {
    expect(readStop(undefined, true, 'truncated')).toBe('unknown')
    expect(readStop(undefined, true, 'failed')).toBe('unknown')
    expect(readStop(undefined, true, undefined)).toBe('unknown')
    expect(readStop('end_turn', true, 'truncated')).toBe('tool_calls')
  })
})

describe('mayHandOut', () => {
  const facts = {
    origin: 'client',
    isEmpty: false,
    stop: 'tool_calls',
    policy: 'stop',
    outcome: undefined,
  } as const
  const rows: Rows<'yes' | 'no', FactsOf<typeof mayHandOut>> = {
    yes: [
      facts,
      { ...facts, isEmpty: true },
      { ...facts, stop: 'end_turn' },
      { ...facts, stop: 'pause' },
      { ...facts, stop: undefined, outcome: 'complete' },
      { ...facts, stop: undefined, policy: 'early' },
      { ...facts, outcome: 'aborted' },
    ],
    no: [
      { ...facts, origin: 'provider' },
      ...(['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'] as const).map((cutting) => ({
        ...facts,
        stop: cutting,
      })),
      ...(['max_tokens', 'refusal'] as const).map((cutting) => ({ ...facts, stop: cutting, policy: 'early' as const })),
      { ...facts, stop: undefined },
      { ...facts, stop: undefined, policy: 'early', isEmpty: true },
      ...(['truncated', 'aborted', 'timed_out', 'failed'] as const).map((outcome) => ({
        ...facts,
        stop: undefined,
        outcome,
      })),
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(mayHandOut(own)).toBe(decision === 'yes')
  })
})

describe('callState', () => {
  const facts = {
    input: 'object',
    hasName: true,
    isEmpty: false,
    isHandedOut: false,
    isTainted: false,
    closedByWire: true,
    isForsaken: false,
    isLast: false,
    stop: undefined,
    outcome: undefined,
  } as const
  const rows: Rows<ReturnType<typeof callState>, FactsOf<typeof callState>> = {
    complete: [
      facts,
      { ...facts, isEmpty: true },
      { ...facts, closedByWire: false, outcome: 'complete' },
      { ...facts, stop: 'max_tokens' },
      { ...facts, stop: 'max_tokens', isEmpty: true },
      { ...facts, stop: 'tool_calls', isEmpty: true, isLast: true },
      { ...facts, stop: 'max_tokens', isEmpty: true, isLast: true, isHandedOut: true },
      { ...facts, isForsaken: true },
    ],
    partial: [
      { ...facts, closedByWire: false },
      { ...facts, closedByWire: false, hasName: false },
      { ...facts, closedByWire: false, outcome: 'truncated' },
      { ...facts, closedByWire: false, outcome: 'complete', isForsaken: true },
      { ...facts, stop: 'max_tokens', isEmpty: true, isLast: true },
      { ...facts, input: 'incomplete', stop: 'max_tokens' },
      { ...facts, input: 'incomplete', closedByWire: false, outcome: 'aborted' },
    ],
    invalid: [
      { ...facts, isTainted: true },
      { ...facts, hasName: false },
      { ...facts, isTainted: true, closedByWire: false, outcome: 'truncated' },
      { ...facts, input: 'invalid' },
      { ...facts, input: 'invalid', stop: 'max_tokens' },
      { ...facts, input: 'incomplete' },
      { ...facts, input: 'incomplete', closedByWire: false, outcome: 'complete' },
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(callState(own)).toBe(decision)
  })
})

describe('decideStream', () => {
  const facts = { begins: 'nothing', comparesReplay: true, announced: true, failed: false, asked: false } as const
  const rows: Rows<ReturnType<typeof decideStream>, FactsOf<typeof decideStream>> = {
    again: [
      { ...facts, begins: 'same' },
      { ...facts, begins: 'same', asked: true },
    ],
    anew: [
      { ...facts, begins: 'other' },
      { ...facts, begins: 'other', asked: true },
      { ...facts, begins: 'same', failed: true },
      { ...facts, failed: true, asked: true },
      { ...facts, announced: false },
      { ...facts, comparesReplay: false },
    ],
    onward: [facts, { ...facts, asked: true }, { ...facts, comparesReplay: false, announced: false, asked: true }],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(decideStream(own)).toBe(decision)
  })
})

describe('decideOutcome', () => {
  const error: OutcomeError = { class: 'overloaded', retryable: true, message: 'too busy' }
  const seen = { terminal: 'none', error: undefined, isEmpty: false, malformed: undefined, acceptEof: false } as const
  const complete = { kind: 'complete' } as const
  const cut = { kind: 'truncated' } as const
  const aborted = { kind: 'aborted', by: 'caller' } as const
  const silent = { kind: 'timed_out', budget: 'idle', silenceMs: 1 } as const
  const rows: Rows<Outcome['kind'], Parameters<typeof decideOutcome>> = {
    complete: [
      [complete, { ...seen, terminal: 'hard' }],
      [complete, { ...seen, terminal: 'soft' }],
      [complete, { ...seen, acceptEof: true }],
      [cut, { ...seen, terminal: 'soft' }],
      [cut, { ...seen, terminal: 'hard' }],
      [aborted, { ...seen, terminal: 'hard' }],
      [silent, { ...seen, terminal: 'hard' }],
      [
        { kind: 'failed', error },
        { ...seen, terminal: 'hard' },
      ],
    ],
    truncated: [
      [complete, seen],
      [cut, seen],
      [cut, { ...seen, acceptEof: true }],
    ],
    aborted: [
      [aborted, seen],
      [aborted, { ...seen, terminal: 'soft' }],
      [aborted, { ...seen, isEmpty: true }],
    ],
    timed_out: [
      [silent, seen],
      [silent, { ...seen, terminal: 'soft' }],
    ],
    failed: [
      [
        { kind: 'failed', error },
        { ...seen, terminal: 'soft' },
      ],
      [complete, { ...seen, error, terminal: 'hard' }],
      [aborted, { ...seen, error }],
      [complete, { ...seen, isEmpty: true }],
      [complete, { ...seen, isEmpty: true, terminal: 'hard' }],
      [complete, { ...seen, isEmpty: true, acceptEof: true }],
      [cut, { ...seen, isEmpty: true, malformed: '{' }],
    ],
  }
  it.each(rowsOf(rows))('%s', (decision, facts) => {
    expect(decideOutcome(...facts).kind).toBe(decision)
  })

  it('says by what a stream was cut, and why an empty one failed', () => {
    expect(decideOutcome(complete, seen)).toMatchObject({ by: 'eof', error: { class: 'network', retryable: true } })
    expect(decideOutcome({ ...cut, message: 'ECONNRESET' }, seen)).toMatchObject({
      by: 'reset',
      error: { message: 'ECONNRESET' },
    })
    expect(decideOutcome({ ...cut, message: 'ECONNRESET' }, { ...seen, isEmpty: true })).toMatchObject({
      error: { class: 'network', retryable: true, message: 'ECONNRESET' },
    })
    expect(decideOutcome(complete, { ...seen, isEmpty: true, malformed: '{' })).toMatchObject({
      error: { class: 'malformed', retryable: false, body: '{' },
    })
    expect(decideOutcome(complete, { ...seen, error })).toEqual({ kind: 'failed', error })
  })
})

describe('decideNumber', () => {
  const facts = { last: 4, highest: 4, value: 5, typeSeen: undefined, type: 'delta', isLast: false }
  const rows: Rows<ReturnType<typeof decideNumber>, FactsOf<typeof decideNumber>> = {
    apply: [
      facts,
      { ...facts, last: undefined },
      { ...facts, value: 2 },
      { ...facts, value: 9, isLast: true },
      { ...facts, value: 2, typeSeen: 'other', isLast: true },
    ],
    drop: [
      { ...facts, value: 4, typeSeen: 'delta' },
      { ...facts, value: 2, typeSeen: 'delta', isLast: true },
    ],
    hold: [
      { ...facts, value: 6 },
      { ...facts, value: 5 + HELD_EVENTS },
      { ...facts, highest: 20, value: 21 + HELD_EVENTS },
    ],
    far: [
      { ...facts, value: 6 + HELD_EVENTS },
      { ...facts, value: 1e9 },
    ],
    unreliable: [{ ...facts, value: 4, typeSeen: 'other' }],
  }
  it.each(rowsOf(rows))('%s', (decision, own) => {
    expect(decideNumber(own)).toBe(decision)
  })
})
