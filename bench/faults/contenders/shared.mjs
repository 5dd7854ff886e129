/** What all drivers need: a prompt, and the tools in the forms in which they are declared. */
import { z } from 'zod'

export const PROMPT = 'hi'

/** @param fields the type of each argument by its name; all are required */
export function jsonSchemaOf({ fields }) {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type }])),
    required: Object.keys(fields),
  }
}

const ZOD = { string: z.string(), number: z.number(), boolean: z.boolean() }

export function zodOf({ fields }) {
  return z.object(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, ZOD[type]])))
}
