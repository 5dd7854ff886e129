/** `onefold/node`: recordings as files and over HTTP. */
export {
  recordingFolder,
  type RecordedFile,
  type RecordingFolder,
  type RecordingFolderOptions,
} from './recording-folder.ts'
export { findRecordings, readRecordingFile } from './recording-files.ts'
export { openRecordingFile, openRecordings } from './stored-file.ts'
export { startReplay, type ReplayedRequest, type ReplayServer, type ReplayServerOptions } from './replay-server.ts'
export { importFile, readRecordings, type ImportedFile } from './import-file.ts'
export { openRecorded, type Recorded, type RecordedOptions } from './recorded.ts'
export { startRecorder, type Recorder, type RecorderEvent, type RecorderOptions } from './record-proxy.ts'
