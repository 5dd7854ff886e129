/** Where a reverse proxy sends what it gets: one server, one prefix, and nothing else. */
import { MisuseError } from '../errors.ts'
import { clientEnv } from './client-env.ts'

export interface Upstream {
  readonly isSecure: boolean
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  /** As a Host header has it. */
  readonly host: string
  /** The path of a request at the upstream, for the path that a client asks for. */
  pathOf(path: string): string
  /**
   * The path of an API at the upstream, such as `v1` and `/messages`, whichever part of it the base URL has: all of it, or the version, or
   * (`counts`) another version at its end, or one anywhere. OpenAI's clients expect the latter of a base URL, most others the former.
   */
  apiPath(version: string, path: string, counts: 'same' | 'last' | 'any'): string
  /** The environment by which clients are told the proxy's address. */
  envOf(base: string): Readonly<Record<string, string>>
}

const VERSION = /^v\d+[a-z]*\d*$/

/**
 * Reads the base URL of an API, which was given under the name `place`. Its path stands before each request's, but a version that both have
 * (`/v1`) counts once. Throws `MisuseError('bad_option')` for what is no http or https URL, or has a name and password, a query or a fragment.
 */
export function upstreamOf(given: string | URL, place = 'upstream'): Upstream {
  const url = parsed(given, place)
  const isSecure = url.protocol === 'https:'
  const prefix = url.pathname.replace(/\/+$/, '')
  const segments = prefix.split('/').filter((segment) => segment !== '')
  const last = segments.at(-1)
  const version = last !== undefined && VERSION.test(last) ? last : undefined
  return {
    isSecure,
    hostname: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    host: url.host,
    pathOf(path) {
      const isDoubled = version !== undefined && new RegExp(`^/${version}(?=[/?]|$)`).test(path)
      return isDoubled ? prefix + path.slice(version.length + 1) : prefix + path
    },
    apiPath(own, path, counts) {
      if (prefix.endsWith(path)) return prefix
      const hasVersion =
        own === '' ||
        last === own ||
        (counts === 'last' && version !== undefined) ||
        (counts === 'any' && segments.some((segment) => VERSION.test(segment)))
      return hasVersion ? prefix + path : `${prefix}/${own}${path}`
    },
    envOf(base) {
      const versioned = version !== undefined ? `${base}/${version}` : base
      return clientEnv(base, segments.some((segment) => VERSION.test(segment)) ? versioned : `${base}/v1`)
    },
  }
}

function parsed(given: string | URL, place: string): URL {
  const noUpstream = (why: string): MisuseError =>
    // A URL may hold a key, so the message does not repeat it.
    new MisuseError('bad_option', `${place}: ${why}; name the base URL of an API, such as https://api.anthropic.com`)
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw noUpstream('it is no URL')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw noUpstream('it is neither http nor https')
  if (url.username !== '' || url.password !== '')
    throw noUpstream('it has a name or a password; let the client send them')
  if (url.search !== '' || url.hash !== '') throw noUpstream('it has a query or a fragment')
  return url
}
