/** The streams of the corpus in which several vendors were asked the same: one case of one repository, recorded with each. */
import { corpusStreams, type CorpusStream } from './corpus.ts'

export interface VendorGroup {
  /** The repository and the path of the case, with `*` for the vendor. */
  readonly name: string
  readonly streams: readonly CorpusStream[]
}

/** Names under which paths know the vendors, beside the vendors' own. */
const ALSO = ['gemini', 'google_genai', 'aws', 'vercel']

export function vendorGroups(): readonly VendorGroup[] {
  const streams = corpusStreams(() => true)
  const vendors = [...new Set(streams.map(({ vendor }) => vendor)), ...ALSO].flatMap((name) => [
    name,
    name.replaceAll('-', '_'),
  ])
  // The longest first: one may be in another.
  const names = new RegExp([...new Set(vendors)].toSorted((a, b) => b.length - a.length).join('|'), 'gi')
  const groups = new Map<string, CorpusStream[]>()
  for (const stream of streams) {
    const { repository, path, index } = stream.source
    const name = `${repository} ${path.replaceAll(names, '*').toLowerCase()} ${index}`
    groups.set(name, [...(groups.get(name) ?? []), stream])
  }
  return [...groups]
    .map(([name, own]) => ({ name, streams: own }))
    .filter(({ streams: own }) => new Set(own.map(({ vendor }) => vendor)).size > 1)
}
