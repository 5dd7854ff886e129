/** The public names. */
export { ANOMALY_KINDS, type Anomaly, type AnomalyKind } from './anomaly.ts'
export type { Ending } from './assembler/state.ts'
export type { PartialInput } from './assembler/tool-input.ts'
export { MisuseError, type MisuseCode } from './errors.ts'
export { createAssembler, type MessageAssembler } from './message-assembler.ts'
export { toNative } from './to-native.ts'
export type { JsonObject, JsonValue } from './json.ts'
export { DEFAULT_LIMITS, type Limits } from './limits.ts'
export { STOP_REASONS } from './message.ts'
export type * from './message.ts'
export type { Attempt, Chunk, Source } from './source.ts'
export type { Clock, Random } from './system.ts'
export type { FoldOptions } from './options.ts'
export type { AssembleOptions } from './shell-options.ts'
export { assemble, fold, Turn, type TurnSource } from './turn.ts'
export type * from './turn-event.ts'
export {
  parseRecording,
  readRecording,
  formatRecording,
  type Recording,
  type RecordingHeader,
  type RecordedChunk,
} from './recording/format.ts'
export { replayResponse } from './recording/fold-recording.ts'
export { replay, type ReplayOptions } from './recording/replay.ts'
