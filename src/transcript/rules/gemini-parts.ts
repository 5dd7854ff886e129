/** The contents of a Gemini request, read in both writings of their fields. Nothing here trusts the shape of what it is given. */
import { isObject, type JsonObject, type JsonValue, nonEmpty } from '../../json.ts'
import { onceForEach, type Derivation } from '../derived.ts'

/** A functionCall or a functionResponse, and the part it stands in. */
export interface FunctionPart {
  readonly message: number
  readonly block: number
  readonly part: JsonObject
  readonly id: string | undefined
  readonly name: string | undefined
}

/** What one element of `contents` says. `function` is the user's by another name. */
export interface Content {
  readonly index: number
  readonly role: 'user' | 'model'
  readonly parts: readonly JsonValue[]
  readonly calls: readonly FunctionPart[]
  readonly responses: readonly FunctionPart[]
}

/** The contents of a known role, in order; without a role a content is the user's. Rule G9 tells of the others. */
export const contentsOf: Derivation<readonly Content[]> = onceForEach((messages) =>
  messages.flatMap((message, index): Content[] => {
    const role = roleOf(message)
    if (role === undefined) return []
    const parts = partsOf(message)
    return [
      {
        index,
        role: role === 'model' ? 'model' : 'user',
        parts,
        calls: functionParts(parts, index, 'functionCall', 'function_call'),
        responses: functionParts(parts, index, 'functionResponse', 'function_response'),
      },
    ]
  }),
)

/** The role, if it is one that the API knows. */
export function roleOf(message: unknown): 'user' | 'model' | 'function' | undefined {
  if (!isObject(message)) return undefined
  const { role } = message
  if (role === undefined) return 'user'
  return role === 'user' || role === 'model' || role === 'function' ? role : undefined
}

export function partsOf(message: unknown): readonly JsonValue[] {
  const parts = isObject(message) ? message['parts'] : undefined
  return Array.isArray(parts) ? parts : []
}

function functionParts(
  parts: readonly JsonValue[],
  message: number,
  camel: string,
  snake: string,
): readonly FunctionPart[] {
  return parts.flatMap((part, block) => {
    const value = isObject(part) ? (part[camel] ?? part[snake]) : undefined
    if (!isObject(part) || !isObject(value)) return []
    return [{ message, block, part, id: nonEmpty(value['id']), name: nonEmpty(value['name']) }]
  })
}
