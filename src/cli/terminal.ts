/** Text for a terminal. */
import { styleText } from 'node:util'

export { preview, printable } from '../printable.ts'

type Style = Parameters<typeof styleText>[0]

export type Paint = (style: Style, text: string) => string

/** Whether there are colours is decided here, the same on every Node: newer ones have rules of their own, for CI and others. */
const OURS = { validateStream: false }

/** Colours on a terminal, and none where they are not wanted (no-color.org) or not seen. */
export function painter(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isPlain = stream.isTTY !== true || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  return isPlain ? (_style, text) => text : (style, text) => styleText(style, text, OURS)
}
