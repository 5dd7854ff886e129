/** JSON for a machine that a person may look at: on one line, and nothing in it reaches the terminal as a control character. */

/** What `JSON.stringify` leaves as it is, and a terminal may obey or hide. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** The same value when it is parsed. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
