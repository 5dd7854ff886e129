/** The rules of Gemini's generateContent: https://ai.google.dev/gemini-api/docs/function-calling */
import { isObject, nonEmpty } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import { contentsOf, type FunctionPart, partsOf, roleOf } from './gemini-parts.ts'

/** Calls at the end of the history are open as well. Text beside the responses is not counted. */
const G1: Rule = {
  id: 'G1',
  title: 'A turn with function calls is followed at once by a turn with as many function responses.',
  says: 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
  source: 'https://github.com/google-gemini/gemini-cli/issues/16984',
  profile: 'lax',
  check: (messages) => {
    const contents = contentsOf(messages)
    return contents.flatMap((content, at): readonly Breach[] => {
      if (content.role !== 'model' || content.calls.length === 0) return []
      const next = contents[at + 1]
      const responses = next?.role === 'user' ? next.responses.length : 0
      const calls = content.calls.length
      if (responses === calls) return []
      const text = `${counted(calls, 'call')} here, ${counted(responses, 'response')} in the next content`
      const open = calls === 1 ? content.calls[0] : undefined
      return [{ message: content.index, ...(open === undefined ? {} : ofCall(open)), text }]
    })
  },
}

const G2: Rule = {
  id: 'G2',
  title: 'A turn with function calls comes right after a user turn or a turn of function responses.',
  says: 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
  source: 'https://github.com/google-gemini/gemini-cli/issues/11814',
  profile: 'lax',
  check: (messages) => {
    const contents = contentsOf(messages)
    return contents.flatMap((content, at) => {
      const first = content.role === 'model' ? content.calls[0] : undefined
      const before = contents[at - 1]
      if (first === undefined || before?.role === 'user') return []
      const what =
        before === undefined ? 'the history starts with a function call' : 'the content before is of the model too'
      return [breachOf(first, what)]
    })
  },
}

const G3: Rule = {
  id: 'G3',
  title: 'A turn of function responses comes right after the turn with the function calls.',
  says: 'Please ensure that function response turn comes immediately after a function call turn.',
  source: 'https://github.com/langchain-ai/langchain/issues/27799',
  profile: 'lax',
  check: (messages) => {
    const contents = contentsOf(messages)
    return contents.flatMap((content, at) => {
      const before = contents[at - 1]
      if (content.role !== 'user' || (before?.role === 'model' && before.calls.length > 0)) return []
      return content.responses.map((response) => breachOf(response, 'the content before has no function call'))
    })
  },
}

/**
 * By id where the call and the response have one, else by name: accepted requests give ids to the responses only, and give them in another
 * order than the calls.
 */
const G4: Rule = {
  id: 'G4',
  title: 'A function response has the id or the name of a function call of the turn before.',
  says: 'functionResponse.id does not match functionCall.id',
  source: 'https://github.com/router-for-me/CLIProxyAPI/issues/5199',
  profile: 'lax',
  check: (messages) => {
    const contents = contentsOf(messages)
    return contents.flatMap((content, at) => {
      const before = contents[at - 1]
      if (content.role !== 'user' || before?.role !== 'model' || before.calls.length === 0) return []
      return unmatched(before.calls, content.responses)
    })
  },
}

function unmatched(calls: readonly FunctionPart[], responses: readonly FunctionPart[]): readonly Breach[] {
  const byId = new Map(calls.flatMap(({ id, name }) => (id === undefined ? [] : [[id, name] as const])))
  const withoutId = calls.filter(({ id }) => id === undefined)
  const all = countsOf(calls)
  const rest = countsOf(withoutId)
  return responses.flatMap((response) => {
    const { id, name } = response
    if (id !== undefined && byId.has(id)) {
      const called = byId.get(id)
      byId.delete(id)
      if (called === undefined || name === undefined || called === name) return []
      return [breachOf(response, `the call ${id} is one of ${called}, the response of ${name}`)]
    }
    // A response without an id may be for any call of its name; one with an id only for a call that has none.
    const names = id === undefined ? all : rest
    const left = names.get(name ?? '') ?? 0
    if (left === 0) return [breachOf(response, `no call of the content before is left for ${id ?? name ?? 'it'}`)]
    names.set(name ?? '', left - 1)
    return []
  })
}

function countsOf(calls: readonly FunctionPart[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of calls) counts.set(name ?? '', (counts.get(name ?? '') ?? 0) + 1)
  return counts
}

/**
 * Accepted requests have a content of the model without parts, and an empty text beside a function call. So `lax` judges what the user
 * says, and only where a content has nothing but empty texts; Vertex AI refuses each empty text.
 */
const G5: Rule = {
  id: 'G5',
  title: 'A content has parts, and its texts are not empty.',
  says: 'GenerateContentRequest.contents[…].parts: contents.parts must not be empty.',
  source: 'https://github.com/langchain-ai/langgraph/issues/3939',
  profile: 'lax',
  check: (messages, { profile }) =>
    messages.flatMap((message, index): readonly Breach[] => {
      const isStrict = profile === 'strict'
      const role = roleOf(message)
      if (role === undefined || (role === 'model' && !isStrict)) return []
      const parts = partsOf(message)
      if (parts.length === 0) {
        const provider = `GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`
        return [{ message: index, text: 'the content has no parts', provider }]
      }
      if (!isStrict && !parts.every(isEmptyText)) return []
      return parts.flatMap((part, block) =>
        isEmptyText(part) ? [{ message: index, block, text: 'the text is empty', provider: EMPTY_TEXT }] : [],
      )
    }),
}

const EMPTY_TEXT = 'Unable to submit request because it must have a text parameter.'

function isEmptyText(part: unknown): boolean {
  return isObject(part) && part['text'] === '' && Object.keys(part).every((key) => key === 'text' || key === 'thought')
}

/**
 * Judged where `thinking` is true: for the models that demand it, which are Gemini 3 and later. Of parallel calls the first one has the
 * signature of all; what was said before the user's last words is not looked at.
 */
const G6: Rule = {
  id: 'G6',
  title: 'In the current turn, the first function call of each content has its thought signature.',
  says: 'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance.',
  source: 'https://ai.google.dev/gemini-api/docs/thought-signatures',
  profile: 'lax',
  check: (messages, { thinking }) => {
    if (thinking !== true) return []
    const contents = contentsOf(messages)
    const start = contents.findLastIndex((content) => content.role === 'user' && content.responses.length === 0)
    return contents.slice(start + 1).flatMap((content) => {
      const first = content.role === 'model' ? content.calls[0] : undefined
      if (first === undefined) return []
      const { thoughtSignature, thought_signature } = first.part
      if (nonEmpty(thoughtSignature) !== undefined || nonEmpty(thought_signature) !== undefined) return []
      return [
        {
          ...breachOf(first, 'the function call has no thought signature'),
          provider: `${G6.says} Additional data, function call \`${first.name ?? ''}\`, position ${first.message + 1}.`,
        },
      ]
    })
  },
}

const G7: Rule = {
  id: 'G7',
  title: 'The user speaks first.',
  says: 'Please ensure that multiturn requests alternate between user and model.',
  source: 'https://github.com/NousResearch/hermes-agent/pull/55623',
  profile: 'strict',
  check: (messages) => {
    const first = contentsOf(messages)[0]
    return first?.role === 'model' ? [{ message: first.index, text: 'the first content is of the model' }] : []
  },
}

const G8: Rule = {
  id: 'G8',
  title: 'User and model alternate.',
  says: 'Please ensure that multiturn requests alternate between user and model.',
  source: 'https://github.com/NousResearch/hermes-agent/pull/55623',
  profile: 'strict',
  check: (messages) => {
    const contents = contentsOf(messages)
    return contents.flatMap(({ role, index }, at) =>
      contents[at - 1]?.role === role ? [{ message: index, text: `the content before is of the ${role} too` }] : [],
    )
  },
}

/** A content without a role is the user's. Kinds of parts are not listed: there are new ones all the time. */
const G9: Rule = {
  id: 'G9',
  title: 'A content has the role user or model and a list of parts, and nothing else.',
  says: 'Please use a valid role: user, model.',
  source: 'https://github.com/langgenius/dify-official-plugins/issues/566',
  profile: 'lax',
  check: (messages) =>
    messages.flatMap((message, index): readonly Breach[] => {
      if (!isObject(message))
        return [{ message: index, text: 'the content is no object', provider: invalid(index, '') }]
      const found: Breach[] = []
      if (roleOf(message) === undefined) found.push({ message: index, text: 'the role is neither user nor model' })
      for (const key of Object.keys(message)) {
        if (key === 'role' || key === 'parts') continue
        const provider = `Invalid JSON payload received. Unknown name "${key}" at 'contents[${index}]': Cannot find field.`
        found.push({ message: index, text: `the content has a field ${key}`, provider })
      }
      const { parts } = message
      if (parts !== undefined && !Array.isArray(parts)) {
        found.push({ message: index, text: 'the parts are no list', provider: invalid(index, '.parts') })
      }
      for (const [block, part] of partsOf(message).entries()) {
        if (isObject(part)) continue
        const provider = invalid(index, `.parts[${block}]`)
        found.push({ message: index, block, text: 'the part is no object', provider })
      }
      return found
    }),
}

/** Of Gemini's API and of Vertex AI, in order of their ids. `message` is the index in `contents`, `block` that in `parts`. */
export const GEMINI_RULES: readonly Rule[] = [G1, G2, G3, G4, G5, G6, G7, G8, G9]

function invalid(index: number, path: string): string {
  return `Invalid value at 'contents[${index}]${path}'`
}

function breachOf(part: FunctionPart, text: string): Breach {
  return { message: part.message, block: part.block, ...ofCall(part), text }
}

function ofCall({ id }: FunctionPart): Pick<Breach, 'call'> {
  return id === undefined ? {} : { call: id }
}

function counted(count: number, what: string): string {
  return `${count} function ${what}${count === 1 ? '' : 's'}`
}
