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
export { project, toRequest } from './project.ts'
export { Transcript, type OpenCall } from './transcript/transcript.ts'
export type { Added, Entry } from './transcript/entry.ts'
export type * from './transcript/items.ts'
export type { Projection } from './transcript/project.ts'
export { repair, type Repaired } from './transcript/repair.ts'
export { REPAIR_KINDS, type Repair, type RepairKind } from './transcript/repairs.ts'
export { RULES, validate } from './transcript/rules.ts'
export type { Breach, Finding, Rule } from './transcript/rule.ts'
export { TARGETS, type Format, type Profile, type RequestFacts, type Target } from './transcript/target.ts'
export { replayResponse } from './recording/fold-recording.ts'
export { replay, type ReplayOptions } from './recording/replay.ts'
