/** What a replay gives again of a recorded response, beside its body. */
import { isHarmlessHeader } from '../headers.ts'
import { isObject } from '../json.ts'
import type { RecordingHeader } from './format.ts'

/** Of its time, not of its answer. */
const NOT_AGAIN: ReadonlySet<string> = new Set(['date', 'content-type'])

/** Content type and kept headers, with names in lower case; what no server could send is left out. */
export function responseHeaders({ response }: RecordingHeader): Record<string, string> {
  const headers: Record<string, string> = {}
  const kept: unknown = response
  if (isObject(kept) && isObject(kept.headers)) {
    for (const [name, value] of Object.entries(kept.headers)) {
      const lower = name.toLowerCase()
      if (!isHarmlessHeader(lower) || NOT_AGAIN.has(lower) || typeof value !== 'string') continue
      if (NAME.test(lower) && SENDABLE.test(value)) headers[lower] = value
    }
  }
  const contentType = contentTypeOf(response)
  if (contentType !== undefined) headers['content-type'] = contentType
  return headers
}

/** The status of a response, 200 where none was recorded; an interim one, which is none of a response, is 200. And whether it has a body. */
export function responseStatus({ response }: RecordingHeader): { readonly status: number; readonly hasBody: boolean } {
  const recorded = response?.status ?? 200
  return { status: Math.max(200, recorded), hasBody: !WITHOUT_BODY.has(recorded) }
}

const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/** The recorded content type, if a server could send it. */
export function contentTypeOf(response: RecordingHeader['response']): string | undefined {
  const contentType = response?.contentType
  return contentType !== undefined && SENDABLE.test(contentType) ? contentType : undefined
}

/** The characters of a header's name. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** The characters of a header's value. */
const SENDABLE = /^[\t\x20-\x7e]*$/

/** A text as the value of a header: other characters as `?`. */
export function sendable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?')
}
