/** Which of the tools that a client offers can be counted, and the calls that make it count. */
import { MisuseError } from '../../errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { TrialCall } from './rewrite.ts'

/** What a call leaves behind where its tool ran, one each for the two calls of an answer. */
export const MARKS: readonly string[] = ['onefold-trial-first', 'onefold-trial-second']

/** A tool as a request declares it. */
export interface OfferedTool {
  readonly name: string
  readonly schema: JsonObject
}

/** The tool that a user named, and its input as JSON with `$RUN` and `$FILE` in it. */
export interface NamedTool {
  readonly name: string
  readonly input?: JsonValue
}

/** Tools of the user's own that append a text to the file of an environment variable. */
const NOTING = /^(count|write_note)$/
const SHELL =
  /^(bash|shell|shell_command|exec_command|run_shell_command|run_command|execute_command|run_terminal_cmd|terminal)$/i
const COMMAND_KEYS = ['command', 'cmd', 'script', 'input']
const TEXT_KEYS = ['text', 'note', 'line', 'value', 'message']

/** The tools that a request offers, whichever API it is for. */
export function toolsIn(body: JsonValue | undefined): readonly OfferedTool[] {
  const tools = isObject(body) && Array.isArray(body.tools) ? body.tools : []
  return tools.filter(isObject).flatMap((tool) => {
    const own = isObject(tool.function) ? tool.function : tool
    const schema = own.input_schema ?? own.parameters
    return typeof own.name === 'string' ? [{ name: own.name, schema: isObject(schema) ? schema : {} }] : []
  })
}

/** Throws `MisuseError('bad_argument')` for an input that is no JSON object. */
export function namedTool(name: string, input: string | undefined): NamedTool {
  if (input === undefined) return { name }
  const value = parseJson(input)
  if (isObject(value)) return { name, input: value }
  throw new MisuseError('bad_argument', `--tool-input ${input}: it must be a JSON object, such as '{"text":"$RUN"}'`)
}

/**
 * The calls by which the runs are counted, one for each mark; undefined if none of the tools can be counted. A shell appends the mark to
 * `file`; a tool of the user's own is given it as its text.
 */
export function countingCalls(
  offered: readonly OfferedTool[],
  file: string,
  named?: NamedTool,
): readonly TrialCall[] | undefined {
  const tool =
    named === undefined
      ? (offered.find(({ name }) => NOTING.test(name)) ?? offered.find(({ name }) => SHELL.test(name)))
      : offered.find(({ name }) => name === named.name)
  if (tool === undefined) return undefined
  return MARKS.map((mark) => ({
    name: tool.name,
    input: named?.input === undefined ? inputFor(tool, mark, file) : filled(named.input, mark, file),
  }))
}

function filled(input: JsonValue, mark: string, file: string): JsonObject {
  const fill = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return value.replaceAll('$RUN', mark).replaceAll('$FILE', file)
    if (Array.isArray(value)) return value.map(fill)
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)])) : value
  }
  const whole = fill(input)
  return isObject(whole) ? whole : {}
}

function inputFor({ name, schema }: OfferedTool, mark: string, file: string): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  const isShell = SHELL.test(name)
  const words = isShell ? `echo ${mark} >> '${file}'` : mark
  const keys = isShell ? COMMAND_KEYS : TEXT_KEYS
  const main = keys.find((key) => Object.hasOwn(properties, key)) ?? keys[0] ?? 'text'
  const input: JsonObject = { [main]: asTold(properties[main], words) }
  for (const key of required) {
    if (typeof key === 'string' && key !== main) input[key] = plainValue(properties[key])
  }
  return input
}

/** A command is a text, or where the schema wants a list, the words of one. */
function asTold(schema: JsonValue | undefined, words: string): JsonValue {
  return isObject(schema) && schema.type === 'array' ? ['bash', '-c', words] : words
}

/** Something that the schema allows. */
function plainValue(schema: JsonValue | undefined): JsonValue {
  if (!isObject(schema)) return ''
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? ''
  switch (schema.type) {
    case 'boolean':
      return false
    case 'number':
    case 'integer':
      return 10_000
    case 'array':
      return []
    case 'object':
      return {}
    default:
      return 'counts how often a tool runs'
  }
}
