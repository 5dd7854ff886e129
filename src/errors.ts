/**
 * What the caller does wrong. What a provider or a network does wrong is never thrown: it is data, in `message.outcome` and
 * `message.anomalies`.
 *
 *   MisuseError                  code says which:
 *     bad_argument               a value of the wrong kind was handed in
 *     bad_option                 an option is unknown or out of its range
 *     bad_source                 the source is not something that can be read
 *     not_final                  the message was asked for before the stream ended
 *     unknown_dialect            no dialect of that name
 *     unknown_block              no block with that ordinal
 *     bad_recording              a recording file is damaged (with file, line, and what is wrong)
 *     unknown_history            a file holds no history that is known here
 *     file_not_found             a file or folder does not exist
 *     unrepairable               a history cannot be made valid for a provider
 *     unknown_call               no such call in the transcript
 *     port_in_use                another program listens on the port
 *     no_recording               no recording answers a request
 */
export type MisuseCode =
  | 'bad_argument'
  | 'bad_option'
  | 'bad_source'
  | 'not_final'
  | 'unknown_dialect'
  | 'unknown_block'
  | 'bad_recording'
  | 'unknown_history'
  | 'file_not_found'
  | 'unrepairable'
  | 'unknown_call'
  | 'port_in_use'
  | 'no_recording'

/** Thrown when onefold is used wrongly. `message` names the place, the reason and what to do; `code` is stable. */
export class MisuseError extends Error {
  readonly code: MisuseCode

  constructor(code: MisuseCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MisuseError'
    this.code = code
  }
}
