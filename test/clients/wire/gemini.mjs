/** Gemini: each event of the stream is a whole answer with a piece of the text; a call comes as one. */
import { deltasOf, newId, sse } from './pieces.mjs'

const usageMetadata = { promptTokenCount: 1234, candidatesTokenCount: 56, totalTokenCount: 1290 }

export function geminiWhole(turn, { model }) {
  return response([{ text: turn.text }, ...callParts(turn)], 'STOP', aboutOf(model))
}

export function geminiSse(turn, { model }) {
  const about = aboutOf(model)
  const events = deltasOf(turn.text, 12).map((text) => response([{ text }], undefined, about))
  const [call] = callParts(turn)
  if (call !== undefined) events.push(response([call], undefined, about))
  return sse([...events, response([{ text: '' }], 'STOP', about)], { named: false })
}

const aboutOf = (modelVersion) => ({ modelVersion, responseId: newId('', 22) })

function response(parts, finishReason, about) {
  const candidate = {
    content: { role: 'model', parts },
    index: 0,
    ...(finishReason === undefined ? {} : { finishReason }),
  }
  return { candidates: [candidate], usageMetadata, ...about }
}

function callParts({ call }) {
  return call === undefined ? [] : [{ functionCall: { id: newId('', 8), name: call.name, args: call.args } }]
}
