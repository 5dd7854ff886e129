/** What is wrong with a file that holds a conversation, and what would end it. Plain JSON. */
import type { JsonObject } from '../../json.ts'
import type { Agent, Problem } from '../import/imported.ts'
import type { Repair } from '../repairs.ts'
import type { Finding } from '../rule.ts'
import type { RequestFacts, Target } from '../target.ts'

/** Where in the file it is: a line of a file of lines, a path such as `messages[3].content[1]` of one JSON value. */
export interface Place {
  readonly line?: number
  readonly path?: string
}

/** A breach of a rule, where it is in the file, and what ends it. */
export interface DiagnosedFinding extends Finding {
  /** The rule as one sentence. */
  readonly title: string
  /** Where the rule comes from: a URL. */
  readonly source: string
  readonly place: Place
  /** The name of the tool, where the finding is about a call. */
  readonly tool?: string
  /** The changes that end it, as far as they name the same call or message. */
  readonly repairs: readonly Repair[]
}

/** A call without a result. */
export interface OpenCallAt {
  readonly call: string
  readonly tool: string
  readonly place: Place
}

/** Something wrong with the file itself, or with what stands in it twice: `conflict` says something else under the same name. */
export type FileProblem = Problem | { readonly kind: 'conflict'; readonly line: number; readonly text: string }

/** What the file is. */
export type FileForm =
  | { readonly kind: 'session'; readonly agent: Agent }
  | { readonly kind: 'messages' }
  | { readonly kind: 'lines' }
  | { readonly kind: 'request' }

/** The history as a provider takes it; or why there is none. */
export type Remedy =
  | { readonly kind: 'repaired'; readonly messages: readonly JsonObject[]; readonly system?: string }
  | { readonly kind: 'unrepairable'; readonly text: string }

export interface Diagnosis {
  readonly form: FileForm
  readonly target: Target
  /** Why this target, where the file does not tell. */
  readonly assumed?: string
  /** What was known of the request. */
  readonly facts: RequestFacts
  /** How many messages or items the provider would be sent. */
  readonly messages: number
  readonly calls: number
  readonly open: readonly OpenCallAt[]
  readonly problems: readonly FileProblem[]
  readonly findings: readonly DiagnosedFinding[]
  /** All changes that the repair makes. */
  readonly repairs: readonly Repair[]
  readonly remedy: Remedy
}
