/**
 * Which recording answers a request. `docs/recordings.md` tells the rules under "Matching".
 *
 * The rule: the same requests in the same order get the same answers, and a request that an agent makes besides never takes away the answer
 * to the one that matters.
 */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import type { Asked, Candidate } from './candidate.ts'
import { fits, likeness } from './shape.ts'

/**
 * `hash`: the same question and nothing else. `path`: the next recording of the same API, of the same model if there is one. `order`: the
 * next one of the API, whatever was asked. `auto`: by hash; else the unused one that is most alike.
 */
export type MatchBy = 'auto' | 'hash' | 'path' | 'order'

/** All ways of matching. */
export const MATCH_BY: readonly MatchBy[] = ['auto', 'hash', 'path', 'order']

/** The recording that was chosen and why, or why none. */
export type Choice =
  | { readonly kind: 'chosen'; readonly candidate: Candidate; readonly why: string }
  | { readonly kind: 'none'; readonly why: string }

export interface MatchOptions {
  readonly match?: MatchBy
  /** Once all that could answer were used, they are used anew. */
  readonly loop?: boolean
}

/** Throws `MisuseError('bad_option')` for a way of matching that there is not. */
export function checkMatch({ match = 'auto' }: MatchOptions): void {
  if (MATCH_BY.includes(match)) return
  throw new MisuseError('bad_option', `match: ${wordOf(match)} is none of ${MATCH_BY.join(', ')}`)
}

/** Chooses, and remembers what was used. */
export class Matcher {
  readonly #candidates: readonly Candidate[]
  readonly #used = new Set<Candidate>()
  readonly #match: MatchBy
  readonly #loops: boolean

  constructor(candidates: readonly Candidate[], { match = 'auto', loop = false }: MatchOptions = {}) {
    this.#candidates = candidates
    this.#match = match
    this.#loops = loop
  }

  /** The recording that answers a request. */
  choose(asked: Asked): Choice {
    const able = this.#candidates.filter((candidate) => isAble(candidate, asked))
    if (able.length === 0) return { kind: 'none', why: 'nothing of this API was recorded' }
    switch (this.#match) {
      case 'auto':
        return this.#sameQuestion(able, asked) ?? this.#mostAlike(able, asked)
      case 'hash':
        return (
          this.#sameQuestion(able, asked) ?? {
            kind: 'none',
            why: `no recording has the hash ${asked.hash ?? 'of a body nested too deep'}`,
          }
        )
      case 'path':
        return this.#next(able, (candidate) => (isSameModel(candidate, asked) ? 1 : 0), asked)
      case 'order':
        return this.#next(able, () => 0, asked)
      default: {
        const never: never = this.#match
        return never
      }
    }
  }

  /** Asked again, and not recorded again: a client that tries once more gets the same answer. */
  #sameQuestion(able: readonly Candidate[], { hash }: Asked): Choice | undefined {
    const same = hash === undefined ? [] : able.filter((candidate) => candidate.hash === hash)
    const candidate = this.#unused(same)[0] ?? same.at(-1)
    if (candidate === undefined) return undefined
    const why = this.#used.has(candidate) ? 'the same question again' : 'the same question'
    this.#used.add(candidate)
    return { kind: 'chosen', candidate, why }
  }

  #mostAlike(able: readonly Candidate[], asked: Asked): Choice {
    const alike = ({ shape, ...candidate }: Candidate): number =>
      (isSameModel(candidate, asked) ? 8 : 0) + likeness(shape, asked.shape)
    const fitting = able.filter(({ shape }) => fits(shape, asked.shape))
    if (fitting.length > 0) return this.#next(fitting, alike, asked)
    const [lent] = byRank(able, alike)
    if (lent === undefined) return { kind: 'none', why: 'nothing of this API was recorded' }
    return { kind: 'chosen', candidate: lent, why: 'lent, since nothing like it was recorded' }
  }

  /** The first unused one of the highest rank. */
  #next(able: readonly Candidate[], rank: (candidate: Candidate) => number, asked: Asked): Choice {
    const [candidate] = byRank(this.#unused(able), rank)
    if (candidate === undefined) {
      const count =
        able.length === 1 ? 'the one recording that fits was' : `all ${able.length} recordings that fit were`
      return { kind: 'none', why: `${count} used; --loop (the option loop) begins anew` }
    }
    this.#used.add(candidate)
    return { kind: 'chosen', candidate, why: reason(candidate, asked, this.#match) }
  }

  #unused(able: readonly Candidate[]): readonly Candidate[] {
    const unused = able.filter((candidate) => !this.#used.has(candidate))
    if (unused.length > 0 || !this.#loops) return unused
    for (const candidate of able) this.#used.delete(candidate)
    return able
  }
}

/** Whether a recording is an answer of the API that is asked. */
function isAble({ operation, dialect, method, path }: Candidate, asked: Asked): boolean {
  if (asked.call === undefined || operation === 'other') {
    return operation === 'other' && method === asked.method && bare(path) === bare(asked.path)
  }
  return operation === asked.call.operation && (dialect === undefined || dialect === asked.call.dialect)
}

function bare(path: string | undefined): string | undefined {
  return path?.split('?', 1)[0]
}

function isSameModel({ model }: Pick<Candidate, 'model'>, { call }: Asked): boolean {
  return model !== undefined && model === call?.model
}

/** In the order of their ranks, the highest first; among equals in their own. */
function byRank(candidates: readonly Candidate[], rank: (candidate: Candidate) => number): readonly Candidate[] {
  return candidates.toSorted((a, b) => rank(b) - rank(a))
}

function reason(candidate: Candidate, asked: Asked, match: MatchBy): string {
  if (match === 'order') return 'the next'
  if (isSameModel(candidate, asked)) return 'the next of this API and model'
  return candidate.method === undefined ? 'the next of this dialect' : 'the next of this API'
}
