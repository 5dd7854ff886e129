/**
 * Recordings behind a port of this machine, for any client that takes a base URL.
 *
 * The rule: a request chooses among the recordings that were named when the server began, and no part of it is ever a path.
 */
import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MisuseError } from '../errors.ts'
import { isObject, wordOf } from '../json.ts'
import { checkNames } from '../options.ts'
import { spoiler, type SpoilOptions } from '../recording/faults/spoil.ts'
import { checkMatch, type MatchOptions } from '../recording/matching.ts'
import { errorBody, madeRecording } from '../recording/made.ts'
import { openSession, type ReplaySession, type Reply } from '../recording/replay-session.ts'
import { sendable } from '../recording/response-headers.ts'
import type { Recording, RecordingProblem } from '../recording/format.ts'
import { storedFrom, type StoredRecording } from '../recording/stored.ts'
import { clientEnv } from './client-env.ts'
import { bodyOf, LARGEST_REQUEST, listen, type LoopbackServer } from './loopback.ts'
import { serve, type Served } from './serve.ts'
import { openRecordings } from './stored-file.ts'

/** A request that was answered, once it is over. */
export interface ReplayedRequest {
  readonly method: string
  readonly path: string
  readonly model?: string
  /** The stable hash of the request. */
  readonly hash?: string
  /** The name of the recording; undefined where none answered. */
  readonly recording?: string
  /** Why this one, and what was done to it; or why none. */
  readonly why: string
  readonly status: number
  /** `refused`: nothing was served. */
  readonly ended: Served | 'refused'
  /** Where the recording is damaged; the connection broke there. */
  readonly damage?: RecordingProblem
}

/** A file, a folder, or a recording. */
export type Replayable = string | Recording | StoredRecording

export interface ReplayServerOptions extends MatchOptions {
  /** Files, folders, and recordings that were read or are open already; they are used in this order. One may stand alone. */
  readonly recordings: Replayable | readonly Replayable[]
  /** Default: one that is free. */
  readonly port?: number
  /** The recorded gaps are multiplied with it. Default 0: without waiting; 1 is as recorded. */
  readonly pace?: number
  /** Breaks every streamed answer that the plan fits. */
  readonly fault?: SpoilOptions
  /** Told of each request when it is over. */
  readonly onRequest?: (request: ReplayedRequest) => void
}

export interface ReplayServer extends LoopbackServer {
  /** The environment by which the known SDKs and command lines are told the address. */
  readonly env: Readonly<Record<string, string>>
  /** How many recordings there are of each dialect. */
  readonly dialects: ReadonlyMap<string, number>
}

/**
 * Serves recordings on 127.0.0.1 until it is closed. Throws `MisuseError`: `port_in_use`, `file_not_found`, `bad_recording` for a header that
 * cannot be read, `bad_argument` for what is no recording, `bad_option` for an option that there is not or that has no such value. What is
 * no recording in a folder is left out with a warning of the process.
 */
export async function startReplay(options: ReplayServerOptions): Promise<ReplayServer> {
  checkOptions(options)
  const { recordings, port = 0, pace = 0, fault, onRequest = () => undefined } = options
  const given: readonly Replayable[] = isList(recordings) ? recordings : [recordings]
  const opened: StoredRecording[] = []
  for (const [index, recording] of given.entries()) {
    if (typeof recording === 'string') opened.push(...(await openRecordings([recording])))
    else opened.push(storedFrom(recording, index + 1, 'startReplay'))
  }
  const session = await openSession(opened, { ...options, ...(fault === undefined ? {} : { spoil: spoiler(fault) }) })
  const closing = new AbortController()
  // Each answer that is being given listens to it.
  setMaxListeners(0, closing.signal)
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      onRequest(await answer(request, response, { session, pace, signal: closing.signal }))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const { method = 'GET', url = '/' } = request
      onRequest({ method, path: url, status: response.headersSent ? response.statusCode : 500, why, ended: 'reset' })
      throw error
    }
  }
  const server = await listen(handle, port)
  return {
    url: server.url,
    port: server.port,
    env: clientEnv(server.url),
    dialects: session.dialects,
    close: () => {
      closing.abort()
      return server.close()
    },
  }
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

const OPTIONS: readonly string[] = ['recordings', 'port', 'pace', 'match', 'loop', 'fault', 'onRequest']

function checkOptions(options: ReplayServerOptions): void {
  checkNames(options, OPTIONS)
  const { pace = 0, fault, onRequest } = options
  if (!(Number.isFinite(pace) && pace >= 0)) throw badOption(`pace: ${wordOf(pace)} is no number, 0 or more`)
  if (fault !== undefined && !(isObject(fault) && isObject(fault.plan) && typeof fault.plan.name === 'string')) {
    throw badOption("fault: it is { plan, … }, and faultPlan('cut-reset') of onefold/faults gives a plan")
  }
  if (onRequest !== undefined && typeof onRequest !== 'function') throw badOption('onRequest: it is no function')
  checkMatch(options)
}

function badOption(message: string): MisuseError {
  return new MisuseError('bad_option', message)
}

interface Serving {
  readonly session: ReplaySession
  readonly pace: number
  readonly signal: AbortSignal
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<ReplayedRequest> {
  const { method = 'GET', url: path = '/' } = request
  const body = await bodyOf(request).catch(() => 'left' as const)
  if (body === 'left') {
    return { method, path, status: 0, why: 'the client left before its request was over', ended: 'client_left' }
  }
  if (body === undefined) {
    const why = `the request is larger than ${LARGEST_REQUEST / 1024 / 1024} MiB`
    await serve(madeRecording('none', 413, errorBody(413, why)), response, { pace: 0 })
    return { method, path, status: 413, why, ended: 'refused' }
  }
  const isPlain = (request.headers['content-encoding'] ?? 'identity') === 'identity'
  const reply = await serving.session.reply(method, path, isPlain ? body.toString('utf8') : '')
  return play(reply, response, serving)
}

async function play(reply: Reply, response: ServerResponse, { pace, signal }: Serving): Promise<ReplayedRequest> {
  const { recording, asked, kind, why } = reply
  let damage: RecordingProblem | undefined
  const watched: StoredRecording = {
    ...recording,
    async *parts() {
      for await (const part of recording.parts()) {
        if (part.kind === 'end') damage = part.damage
        yield part
      }
    },
  }
  const headers = {
    ...(kind === 'recorded' ? { 'x-onefold-recording': sendable(recording.name) } : {}),
    ...(kind === 'missing' ? { 'x-should-retry': 'false' } : {}),
  }
  const ended = await serve(watched, response, { pace, headers, signal })
  return {
    method: asked.method,
    path: asked.path,
    ...(asked.call?.model === undefined ? {} : { model: asked.call.model }),
    ...(asked.hash === undefined ? {} : { hash: asked.hash }),
    ...(kind === 'recorded' ? { recording: recording.name } : {}),
    why: damage === undefined ? why : `${why}; ${recording.name}, line ${damage.line}: ${damage.reason}`,
    status: recording.header.response?.status ?? 200,
    ended: kind === 'missing' ? 'refused' : ended,
    ...(damage === undefined ? {} : { damage }),
  }
}
