/** One comparison: who is compared, what differs, the answers, when they came, the numbers, the anomalies. */
import type { Agreement, Comparison, Side } from '../comparison.ts'
import { AGREEMENTS } from '../figures.ts'
import { outcomeTold, stopTold } from '../told.ts'
import { counted } from '../units.ts'
import { anomalies } from './anomalies.ts'
import { columns } from './columns.ts'
import { joined, markup, NONE, type Level, type Markup } from './markup.ts'
import { Marks } from './marks.ts'
import { gist, numbers } from './numbers.ts'
import { brief, type Room } from './room.ts'
import { differenceList } from './sentences.ts'
import { toldMarkup } from './told.ts'
import { timeline } from './timeline.ts'

/** The parts of a comparison; `prefix` stands before each id on the page, and `level` is that of their headings. */
export function section(comparison: Comparison, page: Room, prefix: string, level: 2 | 3): Markup {
  const below = level === 2 ? 3 : 4
  const marks = new Marks(comparison)
  const { differences } = comparison
  const list = differences.length === 0 ? NONE : differenceList(comparison, prefix, below)
  const part = (id: string, title: string, body: Markup): Markup =>
    markup`<section id="${prefix}${id}" aria-labelledby="${prefix}${id}-h"><h${level} class="part" id="${prefix}${id}-h">${title}</h${level}>${body}</section>`
  return joined(
    [
      cards(comparison, level),
      part('differences', verdict(comparison), list),
      part('answers', 'Answers', markup`${key(comparison)}${columns(comparison, marks, page, prefix, below)}`),
      part('timeline', 'Timeline', timeline(comparison, prefix)),
      part('numbers', 'Numbers', numbers(comparison, marks, prefix)),
      part('anomalies', 'Anomalies', anomalies(comparison, page, prefix, below)),
    ],
    NONE,
  )
}

/** What the answers come to, in a few words. */
export function verdict({ differences, sides }: Comparison): string {
  if (differences.length > 0) return counted(differences.length, 'difference')
  const isIgnored = sides.some(({ agrees: { text, calls, stop } }) => !(text && calls && stop))
  return isIgnored ? 'No differences, apart from what was ignored' : 'No differences'
}

function cards({ sides, reference }: Comparison, level: Level): Markup {
  const made = sides.map((side, at) => card(side, at === reference, level))
  return markup`<div class="cards${sides.length === 2 && ' two'}">${made}</div>`
}

function card(side: Side, isReference: boolean, level: Level): Markup {
  const { label, model, dialect, messages, agrees } = side
  const [first] = messages
  const end =
    first === undefined
      ? markup`no message`
      : markup`${toldMarkup(outcomeTold(first.outcome))} · ${toldMarkup(stopTold(first.stop))}`
  const told = gist(side)
  return markup`<div class="card"><h${level} class="name">${brief(label)}${isReference && markup` <span class="tag">reference</span>`}</h${level}><p class="model">${model === undefined ? markup`<span class="untold">model not told</span>` : brief(model)}<span class="quiet"> · ${brief(dialect)}</span></p><p>${end}</p>${told !== '' && markup`<p class="quiet">${told}</p>`}${!isReference && badges(agrees)}</div>`
}

/** Whether a side says the same as the reference, in words and signs. */
export function badges(agrees: Agreement): Markup {
  const made = AGREEMENTS.map((name) =>
    agrees[name]
      ? markup`<span class="badge good">= same ${name}</span>`
      : markup`<span class="badge bad">≠ other ${name}</span>`,
  )
  return markup`<p class="badges">${made}</p>`
}

function key({ sides, differences }: Comparison): Markup {
  if (differences.length === 0) return NONE
  const gone =
    sides.length > 2
      ? markup`<del class="gone">struck out</del> only in the reference`
      : markup`<del>dotted</del> only in the reference`
  return markup`<p class="key">${gone} · <ins>underlined</ins> not in the reference · ≠ another value · ↕ moved</p>`
}
