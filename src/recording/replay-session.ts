/** Requests in, recordings out: what the replay server and `replayFetch` have in common. */
import { parseJson, type JsonValue } from '../json.ts'
import { inForm } from './answer.ts'
import { askedOf, candidateOf, type Asked, type Candidate } from './candidate.ts'
import { besideAnswer, errorBody, madeRecording, missingMessage } from './made.ts'
import { Matcher, type MatchOptions } from './matching.ts'
import type { StoredRecording } from './stored.ts'

export interface SessionOptions extends MatchOptions {
  /** Called for each answer that is given as a stream: gives it broken, and says how; undefined where it stays as it is. */
  readonly spoil?: (recording: StoredRecording) => Promise<Spoiled | undefined>
}

export interface Spoiled {
  readonly recording: StoredRecording
  readonly how: string
}

/** What is to be played, and why. */
export interface Reply {
  /**
   * `recorded`: a recording, as it is or in the form that was asked for. `made`: nobody recorded it. `missing`: an error that says
   * so, or that the request is none.
   */
  readonly kind: 'recorded' | 'made' | 'missing'
  readonly recording: StoredRecording
  readonly asked: Asked
  readonly why: string
}

export interface ReplaySession {
  /** How many recordings there are of each dialect; what shows none is under `unknown`. */
  readonly dialects: ReadonlyMap<string, number>
  /** What answers a request; `body` is its text, empty where there is none or it cannot be read. */
  reply(method: string, path: string, body: string): Promise<Reply>
}

/** Opens recordings for replay; each is read as far as it takes to know what it can answer. Names are told apart by the caller. */
export async function openSession(
  recordings: readonly StoredRecording[],
  options: SessionOptions = {},
): Promise<ReplaySession> {
  const candidates: Candidate[] = []
  for (const recording of recordings) candidates.push(await candidateOf(recording))
  const matcher = new Matcher(candidates, options)
  const dialects = new Map<string, number>()
  for (const { dialect = 'unknown' } of candidates) dialects.set(dialect, (dialects.get(dialect) ?? 0) + 1)
  return {
    dialects,
    async reply(method, path, text) {
      const body = parseJson(text)
      const asked = await askedOf(method, path, body)
      // A client that sends half a request has a fault, which no recording must hide.
      if (asked.call !== undefined && text.trim() !== '' && body === undefined) return malformed(asked)
      const choice = matcher.choose(asked)
      if (choice.kind === 'none') return withoutRecording(asked, body, candidates, choice.why)
      const isStreamed = asked.call?.isStreamed
      const written =
        isStreamed === undefined || choice.candidate.operation !== 'answer'
          ? { recording: choice.candidate.recording }
          : await inForm(choice.candidate.recording, { isStreamed, path })
      if (written === undefined) {
        const why = `${choice.candidate.recording.name} is a whole answer, which is not written as a stream of its dialect`
        return missing(asked, candidates, why)
      }
      const spoiled = isStreamed === true ? await options.spoil?.(written.recording) : undefined
      const why = [choice.why, written.how, spoiled?.how].filter((part) => part !== undefined).join('; ')
      return { kind: 'recorded', recording: spoiled?.recording ?? written.recording, asked, why }
    },
  }
}

function withoutRecording(
  asked: Asked,
  body: JsonValue | undefined,
  candidates: readonly Candidate[],
  why: string,
): Reply {
  const beside = besideAnswer(asked, body, candidates)
  if (beside !== undefined) return { kind: 'made', asked, ...beside }
  return missing(asked, candidates, why)
}

function malformed(asked: Asked): Reply {
  const why = `the body of ${asked.method} ${asked.path} is not JSON (cut in the middle?)`
  return { kind: 'missing', asked, recording: madeRecording('none', 400, errorBody(400, why)), why }
}

/** 404, since SDKs send again what was answered with 408, 409, 429 or 5xx. */
function missing(asked: Asked, candidates: readonly Candidate[], reason: string): Reply {
  const message = missingMessage(asked, candidates, reason)
  return { kind: 'missing', asked, recording: madeRecording('none', 404, errorBody(404, message)), why: message }
}
