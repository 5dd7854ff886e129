/** Responses that say what another one said, also where the constructor would not have it: a server may send any phrase and any status. */

export interface StatusLine {
  readonly status: number
  readonly statusText?: string
}

/** A response with this status line, whatever it is. */
export function responseOf(
  body: ReadableStream<Uint8Array> | null,
  line: StatusLine,
  headers: Headers | Record<string, string>,
): Response {
  const { status, statusText = '' } = line
  const isStatus = status >= 200 && status <= 599
  const isPhrase = PHRASE.test(statusText)
  const response = new Response(body, {
    ...(isStatus ? { status } : {}),
    ...(isPhrase ? { statusText } : {}),
    headers,
  })
  if (!isStatus) define(response, { status, ok: false })
  if (!isPhrase) define(response, { statusText })
  return response
}

/** The response with another body. A copy cannot be given a URL, which callers look at. */
export function copyOf(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { headers, url, redirected, type } = response
  const copy = responseOf(body, response, headers)
  define(copy, { url, redirected, type })
  return copy
}

function define(response: Response, values: Readonly<Record<string, string | number | boolean>>): void {
  for (const [key, value] of Object.entries(values)) Object.defineProperty(response, key, { value })
}

/** What the constructor takes. */
const PHRASE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
