/** An answer as OpenAI chat completions stream it: every chunk repeats id, model and fingerprint; usage in a chunk of its own at the end. */
import { chance } from './chance.mjs'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

export function openaiChat({ text, calls }) {
  const below = chance(6)
  const events = []
  const obfuscation = () => Array.from({ length: 1 + below(7) }, () => LETTERS[below(LETTERS.length)]).join('')
  const about = {
    id: 'chatcmpl-DQcd7FpSPJsUuDHRQSBAMIbcJna0v',
    object: 'chat.completion.chunk',
    created: 1_775_237_393,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_005d610978',
  }
  const send = (delta, reason = null) => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: reason }]
    events.push(`data: ${JSON.stringify({ ...about, choices, usage: null, obfuscation: obfuscation() })}\n\n`)
  }

  send({ role: 'assistant', content: text.length > 0 ? '' : null, refusal: null })
  for (const content of text) send({ content })
  for (const [index, { id, name, deltas }] of calls.entries()) {
    send({ tool_calls: [{ index, id: `call_${id}`, type: 'function', function: { name, arguments: '' } }] })
    for (const part of deltas) send({ tool_calls: [{ index, function: { arguments: part } }] })
  }
  send({}, calls.length > 0 ? 'tool_calls' : 'stop')
  const usage = {
    prompt_tokens: 85,
    completion_tokens: events.length,
    total_tokens: 85 + events.length,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
  events.push(
    `data: ${JSON.stringify({ ...about, choices: [], usage, obfuscation: obfuscation() })}\n\n`,
    'data: [DONE]\n\n',
  )
  return events
}
