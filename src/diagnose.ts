/** What is wrong with a file that holds a conversation: a session of an agent, a list of messages, a request. */
import { MisuseError } from './errors.ts'
import { parseJson, type JsonObject, type JsonValue } from './json.ts'
import type { ToolCallBlock } from './message.ts'
import { toNative } from './to-native.ts'
import { CLOSING_TEXTS } from './transcript/closing.ts'
import type { Diagnosis, FileForm, FileProblem, Remedy } from './transcript/diagnose/diagnosis.ts'
import { diagnosed } from './transcript/diagnose/findings.ts'
import { givenIn, isMessage, type GivenHistory } from './transcript/diagnose/given.ts'
import { withMessages } from './transcript/diagnose/json-text.ts'
import { ListHistory, listPlaces, type PlaceOfMessage } from './transcript/diagnose/list.ts'
import { SessionHistory } from './transcript/diagnose/session.ts'
import { factsOf, targetOf } from './transcript/diagnose/target.ts'
import { checkTarget, copyHistory } from './transcript/history.ts'
import { closeSession } from './transcript/import/closing.ts'
import type { Imported } from './transcript/import/imported.ts'
import { readRecords, type SessionRecord } from './transcript/import/records.ts'
import { importRecords } from './transcript/import/session.ts'
import { projectWith } from './transcript/project.ts'
import { repairHistory } from './transcript/repair.ts'
import type { Repair } from './transcript/repairs.ts'
import { findingsIn } from './transcript/rules.ts'
import type { Profile, RequestFacts, Target } from './transcript/target.ts'

export interface DiagnoseOptions {
  /** Whom the history is for. Default: whom the file shows. */
  readonly target?: Target
  /** Default `lax`. */
  readonly profile?: Profile
}

/** A diagnosis, and how the repaired file is written. */
export interface Diagnosed {
  readonly diagnosis: Diagnosis
  /**
   * The file in its own form, repaired; undefined where there is no repair. A session is given back with every call answered and without what
   * is torn, damaged or there twice: what else is wrong with it is its agent's to send otherwise.
   */
  readonly repairedFile: () => string | undefined
}

/**
 * Says what is wrong with the text of a file. What the file does not tell of its request is not judged. Throws
 * `MisuseError('unknown_history')` if it is no session, list or request that is known here, `bad_argument` for messages that are nested too
 * deep, `bad_option` for a target or a profile that does not exist.
 */
export function diagnose(file: string | Uint8Array, options: DiagnoseOptions = {}): Diagnosed {
  if (options.target !== undefined) checkTarget(options.target, {})
  const text = typeof file === 'string' ? file : new TextDecoder().decode(file)
  const value = parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text)
  const given = value === undefined ? undefined : givenIn(value)
  if (given !== undefined) return ofGiven(text, given, options)
  const records = readRecords(text)
  const imported = importRecords(records)
  if (imported !== undefined) return ofSession(text, imported, records.records, options)
  const messages = records.records.filter((record) => isMessage(record.value))
  if (messages.length > 0) {
    const lines = messages.map(({ line }) => line)
    return ofLines(
      messages.map((record) => record.value),
      lines,
      records.problems,
      options,
    )
  }
  throw new MisuseError('unknown_history', `${whatItIs(text, value)}; ${KNOWN_FILES}`)
}

const KNOWN_FILES =
  'doctor reads session files of Claude Code, Codex, Gemini CLI, Kimi Code, pi and Qwen Code, JSON arrays of messages, and requests'

function whatItIs(text: string, value: JsonValue | undefined): string {
  if (text.trim() === '') return 'it is empty'
  if (value !== undefined) return 'it is JSON, but neither messages nor a request'
  return /^\s*[[{]/.test(text) ? 'it is no JSON that can be read: it may be cut off' : 'it is not JSON'
}

function factsFor(given: RequestFacts, { profile }: DiagnoseOptions): RequestFacts {
  return profile === undefined ? given : { ...given, profile }
}

function ofSession(
  text: string,
  imported: Imported,
  records: readonly SessionRecord[],
  options: DiagnoseOptions,
): Diagnosed {
  const target = options.target ?? imported.target
  const facts = factsFor({}, options)
  checkTarget(target, facts)
  const history = new SessionHistory(imported, records, target, toNative)
  const messages = history.messages()
  const { repairs, remedy } = remedyOf(() => projectWith(toNative, history.transcript, target, facts))
  const findings = diagnosed(
    findingsIn(messages, target, facts),
    target,
    (finding) => history.locate(finding),
    repairs,
    false,
  )
  const diagnosis: Diagnosis = {
    form: { kind: 'session', agent: imported.agent },
    target,
    facts,
    messages: messages.length,
    calls: history.calls,
    open: history.open(),
    problems: history.problems,
    findings,
    repairs,
    remedy,
  }
  return { diagnosis, repairedFile: () => closeSession(text, closingOf) }
}

/** A call that never was complete cannot have been run. */
function closingOf({ state }: ToolCallBlock): string {
  return CLOSING_TEXTS[state === 'complete' ? 'interrupted' : 'not_started']
}

function ofGiven(text: string, given: GivenHistory, options: DiagnoseOptions): Diagnosed {
  const { path } = given
  const found = foundTarget(given, options)
  const facts = factsFor(factsOf(given, found.target), options)
  const form: FileForm = { kind: given.field === undefined ? 'messages' : 'request' }
  const diagnosis = ofList(given.messages, form, found, facts, [], listPlaces(path, found.target))
  const { remedy } = diagnosis
  return {
    diagnosis,
    repairedFile: () => (remedy.kind === 'repaired' ? withMessages(text, path, remedy.messages) : undefined),
  }
}

function ofLines(
  messages: readonly JsonObject[],
  lines: readonly number[],
  problems: readonly FileProblem[],
  options: DiagnoseOptions,
): Diagnosed {
  const found = foundTarget({ messages, path: [], body: {} }, options)
  const placeOf: PlaceOfMessage = (message) => ({ line: lines[message] ?? 1 })
  const diagnosis = ofList(messages, { kind: 'lines' }, found, factsFor({}, options), problems, placeOf)
  const { remedy } = diagnosis
  return {
    diagnosis,
    repairedFile: () =>
      remedy.kind === 'repaired'
        ? remedy.messages.map((message) => `${JSON.stringify(message)}\n`).join('')
        : undefined,
  }
}

function foundTarget(given: GivenHistory, { target }: DiagnoseOptions): Judge {
  if (target !== undefined) return { target }
  const found = targetOf(given)
  if (found.kind === 'found') return found
  throw new MisuseError(
    'unknown_history',
    `its messages are in the form of ${found.form}, whose rules are not known here; name the target by whose rules to judge`,
  )
}

interface Judge {
  readonly target: Target
  readonly assumed?: string
}

function ofList(
  given: readonly JsonValue[],
  form: FileForm,
  { target, assumed }: Judge,
  facts: RequestFacts,
  problems: readonly FileProblem[],
  placeOf: PlaceOfMessage,
): Diagnosis {
  checkTarget(target, facts)
  const messages = copyHistory(given)
  const history = new ListHistory(messages, target, placeOf)
  const found = findingsIn(messages, target, facts)
  const { repairs, remedy } = remedyOf(() => repairHistory(messages, target, facts))
  return {
    form,
    target,
    ...(assumed === undefined ? {} : { assumed }),
    facts,
    messages: messages.length,
    calls: history.calls,
    open: history.open,
    problems,
    findings: diagnosed(found, target, (finding) => history.locate(finding), repairs, true),
    repairs,
    remedy,
  }
}

interface Repaired {
  readonly messages: readonly JsonObject[]
  readonly system?: string
  readonly repairs: readonly Repair[]
}

function remedyOf(make: () => Repaired): { readonly repairs: readonly Repair[]; readonly remedy: Remedy } {
  try {
    const { repairs, ...rest } = make()
    return { repairs, remedy: { kind: 'repaired', ...rest } }
  } catch (error) {
    if (!(error instanceof MisuseError) || error.code !== 'unrepairable') throw error
    return { repairs: [], remedy: { kind: 'unrepairable', text: error.message } }
  }
}
