/** The headers of a response that say something about it and nothing about who asked. All others are never kept. */
const HARMLESS =
  /^(content-type|date|server|retry-after(-ms)?|x-should-retry|(x-)?request-id|x-amzn-requestid|(anthropic|x)-ratelimit-.*|openai-(model|processing-ms|version)|cf-ray)$/

/** True for a header of a response that may be kept; `name` is in lower case. */
export function isHarmlessHeader(name: string): boolean {
  return HARMLESS.test(name)
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** True for a `Host` that names this machine by itself, with a port or without. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host)
}
