/** How far each endpoint is, for who waits: a line for each, rewritten in place on a terminal; in a pipe, a line when one is over. */
import process from 'node:process'
import { TIME_LABELS } from '../compare/figures.ts'
import { counted, duration } from '../compare/units.ts'
import type { Outcome } from '../message.ts'
import type { LiveEvent } from '../node/live/live.ts'
import { columnsOf, cut, pad } from './columns.ts'
import { preview, type Paint } from './terminal.ts'

export interface LiveProgress {
  event(event: LiveEvent): void
  /** Leaves the lines as they are. */
  close(): void
}

/** As much of the standard error output as is written to. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Milliseconds between two drawings. */
const PACE_MS = 100

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'streaming' }
  | { readonly kind: 'over'; readonly ms: number; readonly outcome: Outcome }

interface Line {
  readonly name: string
  state: State
  firstMs: number | undefined
  deltas: number
  characters: number
}

/** Begins now. `names` are those of the endpoints, in order; nothing wraps at the width of the screen. */
export function liveProgress(names: readonly string[], paint: Paint, screen: Screen = process.stderr): LiveProgress {
  const startedAt = performance.now()
  const lines = names.map((name): Line => ({
    name,
    state: { kind: 'waiting' },
    firstMs: undefined,
    deltas: 0,
    characters: 0,
  }))
  // What has scrolled away cannot be rewritten.
  const isLive = screen.isTTY === true && (screen.rows ?? 24) > lines.length
  const width = Math.max(...names.map((name) => columnsOf(preview(name, NAME_WIDTH))))
  const textOf = (line: Line): string => {
    const text = pad(preview(line.name, NAME_WIDTH), width)
    return `${text}  ${told(line, line.state.kind === 'over' ? line.state.ms : performance.now() - startedAt)}`
  }
  let isDrawn = false
  const draw = (): void => {
    const up = isDrawn ? `\u001b[${lines.length}A` : ''
    isDrawn = true
    const columns = (screen.columns ?? 80) - 1
    const rows = lines.map((line) => `\r\u001b[2K${styled(line, cut(textOf(line), columns), paint)}\n`)
    screen.write(up + rows.join(''))
  }
  const timer = isLive ? setInterval(draw, PACE_MS).unref() : undefined
  if (isLive) draw()
  return {
    event(event) {
      const line = lines[event.endpoint]
      if (line === undefined) return
      take(line, event)
      if (event.kind === 'over' && !isLive) screen.write(`${textOf(line)}\n`)
    },
    close() {
      clearInterval(timer)
      if (isLive) draw()
    },
  }
}

const NAME_WIDTH = 24

function take(line: Line, event: LiveEvent): void {
  switch (event.kind) {
    case 'answered':
      line.state = { kind: 'streaming' }
      return
    case 'delta':
      line.firstMs ??= event.ms
      if (event.characters > 0) line.deltas += 1
      line.characters += event.characters
      return
    case 'over':
      line.state = { kind: 'over', ms: event.figures?.endMs ?? event.ms, outcome: event.outcome }
      if (event.figures === undefined) return
      // What the report will say.
      line.firstMs = event.figures.firstTokenMs
      line.deltas = event.figures.deltas
      line.characters = event.figures.characters
      return
    default: {
      const never: never = event
      return never
    }
  }
}

/** The state first and the reason last, since what does not fit is cut. */
function told({ state, firstMs, deltas, characters }: Line, ms: number): string {
  const word = state.kind === 'over' ? state.outcome.kind.replace('_', ' ') : state.kind
  const came =
    firstMs === undefined
      ? []
      : [`${TIME_LABELS.firstTokenMs} ${duration(firstMs)}`, counted(deltas, 'delta'), counted(characters, 'character')]
  const reason = state.kind === 'over' ? reasonOf(state.outcome) : undefined
  return [
    `${word.padEnd(STATE_WIDTH)}  ${(ms / 1000).toFixed(1)} s`,
    ...came,
    ...(reason === undefined ? [] : [preview(reason, 200)]),
  ].join(' · ')
}

/** As wide as `streaming`. */
const STATE_WIDTH = 9

function reasonOf(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'complete':
      return undefined
    case 'truncated':
    case 'failed': {
      const { message, status } = outcome.error
      return status === undefined ? message : `HTTP ${status}: ${message}`
    }
    case 'aborted':
      return outcome.reason
    case 'timed_out':
      return `${BUDGETS[outcome.budget]}, silent for ${duration(outcome.silenceMs)}`
    default: {
      const never: never = outcome
      return never
    }
  }
}

const BUDGETS: Readonly<Record<(Outcome & { readonly kind: 'timed_out' })['budget'], string>> = {
  total: 'total time over',
  idle: 'idle for too long',
  tool: 'a call took too long',
}

function styled({ state }: Line, text: string, paint: Paint): string {
  if (state.kind !== 'over') return paint('dim', text)
  return state.outcome.kind === 'complete' ? text : paint('red', text)
}
