/** Signs that are heaped on one letter: more than a few grow out of its line, and over what stands beside it. */

/** No script needs more on one letter. */
const MOST_MARKS = 8

/** The source of a regular expression (flag `u`) for a sign that comes on top of too many. Joiners between them make no new letter. */
export const HEAPED: string = String.raw`(?<=[\p{M}\u200c\u200d]{${MOST_MARKS}})[\p{M}\u200c\u200d]`
