/**
 * The provider of a trial: it answers a question with calls of tools that the client offers, and their results with the end. One answer is
 * broken. It refuses what the real one refuses, and answers truthfully what agents ask besides.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import { apiCallOf } from '../../recording/api-call.ts'
import { breakRecording } from '../../recording/faults/break.ts'
import { isFaultDialect, type FaultDialect } from '../../recording/faults/fault-dialect.ts'
import { foldAtOnce } from '../../recording/faults/folding.ts'
import type { Recording } from '../../recording/format.ts'
import { besideAnswer } from '../../recording/made.ts'
import { storedOf, type StoredRecording } from '../../recording/stored.ts'
import type { TrialCase, TrialCell, TrialRecordings } from '../../recording/trial/cells.ts'
import { rewritten, type TrialCall } from '../../recording/trial/rewrite.ts'
import { countingCalls, toolsIn, type NamedTool, type OfferedTool } from '../../recording/trial/tools.ts'
import { toNative } from '../../to-native.ts'
import { validate } from '../../transcript/rules.ts'
import { bodyOf, listen, refuse, type LoopbackServer } from '../loopback.ts'
import { serve } from '../serve.ts'
import { historyIn, isProbe, resultsIn, saidIn, TARGET_OF } from './apis.ts'

/** What the provider says: the conversation, a call that is made once more, and a plain text for whatever else is asked. */
export type TrialAnswers = Readonly<
  Record<FaultDialect, TrialRecordings & { readonly 'one-tool': Recording; readonly text: Recording }>
>

export interface TrialProviderOptions {
  readonly answers: TrialAnswers
  /** What is broken; nothing in the clean run. */
  readonly cell?: TrialCell
  readonly seed: number
  /** How many answers are broken, the first ones. */
  readonly times: number
  /** The file to which the tools append. */
  readonly file: string
  readonly tool?: NamedTool
  /** Whether the tool of a call has run by now. */
  readonly hasRun: (call: number) => boolean
  /** Called where a plan in which the user gives up has come to that point: nothing more is sent then. */
  readonly onSilence: () => void
}

/** What was asked. */
export interface Asked {
  dialect: FaultDialect | undefined
  /** Requests for an answer with tools that can be counted. */
  questions: number
  /** Of these, those that wanted no stream. */
  whole: number
  /** Everything else, by method and path. */
  readonly besides: string[]
  /** The tools of the last request that had any. */
  offered: readonly OfferedTool[]
  calls: readonly TrialCall[]
  readonly refused: string[]
  history: string | undefined
  broken: number
}

export interface TrialProvider {
  readonly url: string
  readonly asked: Asked
  close(): Promise<void>
}

/** What makes the ids of an answer new. All are of one length, so that the bytes of an answer stand at the same places in every run. */
export function markOf(answer: number): string {
  return `Trial${String(answer).padStart(4, '0')}`
}

/** How often a model calls tools again that did not run. */
const PATIENCE = 3

export async function startTrialProvider(options: TrialProviderOptions): Promise<TrialProvider> {
  const provider = new Provider(options)
  const server: LoopbackServer = await listen((request, response) => provider.answer(request, response))
  return { url: server.url, asked: provider.asked, close: () => server.close() }
}

class Provider {
  readonly asked: Asked = {
    dialect: undefined,
    questions: 0,
    whole: 0,
    besides: [],
    offered: [],
    calls: [],
    refused: [],
    history: undefined,
    broken: 0,
  }
  readonly #options: TrialProviderOptions
  #given = 0
  #patience = PATIENCE

  constructor(options: TrialProviderOptions) {
    this.#options = options
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request
    const bytes = await bodyOf(request)
    if (bytes === undefined) return refuse(response, 413, 'the request is too large')
    const body = parseJson(bytes.toString())
    const call = apiCallOf(method, path, body)
    if (call === undefined || !isFaultDialect(call.dialect) || call.operation !== 'answer') {
      this.asked.besides.push(`${method} ${path.split('?', 1)[0] ?? path}`)
      const beside = besideAnswer({ method, path, call, shape: undefined }, body, [])
      if (beside !== undefined) await serve(beside.recording, response, { pace: 0 })
      else if (method === 'HEAD') response.end()
      else refuse(response, 404, 'this provider has no such path')
      return
    }
    const { dialect, isStreamed } = call
    const history = isObject(body) ? historyIn(body, dialect) : undefined
    if (!isObject(body) || history === undefined) return refuse(response, 400, 'the request has no list of messages')
    const offered = toolsIn(body)
    if (offered.length > 0) this.asked.offered = offered
    const { file, tool } = this.#options
    const calls = isProbe(body) ? undefined : countingCalls(offered, file, tool)
    if (calls === undefined) {
      this.asked.besides.push(`${method} ${path.split('?', 1)[0] ?? path}`)
      return this.#give(this.#named(this.#options.answers[dialect].text, []), dialect, isStreamed, response)
    }
    this.asked.dialect ??= dialect
    this.asked.questions += 1
    if (!isStreamed) this.asked.whole += 1
    this.asked.calls = calls
    const refusal = refusalOf(history, body, dialect)
    if (refusal !== undefined) {
      this.asked.refused.push(refusal)
      return refuse(response, 400, refusal)
    }
    if (resultsIn(history) > 0) this.asked.history = saidIn(history)
    const again = this.#calledAgain(history, calls)
    const own = this.#options.answers[dialect]
    if (again !== undefined) return this.#give(this.#named(own['one-tool'], [again]), dialect, isStreamed, response)
    const which = resultsIn(history) > 0 ? 'answer-after-tools' : 'note-and-sum'
    const answer = this.#named(own[which], calls)
    return this.#give(isStreamed ? this.#spoiled(answer, which) : answer, dialect, isStreamed, response)
  }

  /**
   * The call that the model makes again: one whose result tells that it did not run, where something was lost. Of a stream of which nothing
   * was lost each call can be read, and whoever does not finds no patience.
   */
  #calledAgain(history: readonly JsonValue[], calls: readonly TrialCall[]): TrialCall | undefined {
    const { cell, hasRun } = this.#options
    const isAnswered = resultsIn(history) >= calls.length
    if (cell?.effect !== 'lossy' || !isAnswered || this.#patience === 0) return undefined
    const missing = calls.find((_, index) => !hasRun(index))
    if (missing !== undefined) this.#patience -= 1
    return missing
  }

  #named(recording: Recording, calls: readonly TrialCall[]): Recording {
    this.#given += 1
    return rewritten(recording, calls, markOf(this.#given))
  }

  #spoiled(answer: Recording, which: TrialCase): Recording {
    const { cell, times, seed } = this.#options
    if (cell === undefined || cell.case !== which || this.asked.broken >= times) return answer
    this.asked.broken += 1
    return breakRecording(answer, cell.plan, { place: cell.place, seed })
  }

  async #give(
    recording: Recording,
    dialect: FaultDialect,
    isStreamed: boolean,
    response: ServerResponse,
  ): Promise<void> {
    if (!isStreamed) return answerWith(response, toNative(foldAtOnce(recording).messages))
    const stored = storedOf(recording, dialect)
    const isSilent = recording.ending === 'abort'
    const played = isSilent ? silentAtEnd(stored, response, this.#options.onSilence) : stored
    await serve(played, response, { pace: this.#options.cell?.plan.name === 'stall' ? 1 : 0 })
  }
}

function refusalOf(history: readonly JsonValue[], body: JsonObject, dialect: FaultDialect): string | undefined {
  const continues = typeof body.previous_response_id === 'string'
  const [finding] = validate(history, TARGET_OF[dialect], { tools: Array.isArray(body.tools), continues })
  return finding === undefined ? undefined : `${finding.provider} (${finding.rule}: ${finding.text})`
}

/** A stream that stands still where the user gave up, until the client leaves. */
function silentAtEnd(recording: StoredRecording, response: ServerResponse, onSilence: () => void): StoredRecording {
  return {
    ...recording,
    async *parts() {
      for await (const part of recording.parts()) {
        if (part.kind === 'end') {
          onSilence()
          if (!response.destroyed) await new Promise((resolve) => response.once('close', resolve))
        }
        yield part
      }
    },
  }
}

function answerWith(response: ServerResponse, body: JsonValue): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
