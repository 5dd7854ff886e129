/** The dialects, as the tests stream them. */
import { anthropicWire } from './wire-anthropic.ts'
import { chatWire } from './wire-chat.ts'
import { responsesWire } from './wire-responses.ts'
import type { Wire } from './wire.ts'

export { anthropicWire, chatWire, responsesWire }

export const WIRES: readonly Wire[] = [anthropicWire, chatWire, responsesWire]

/** Those in which a message that is sent again is known by its begin event. */
export const WIRES_WITH_BEGIN: readonly Wire[] = WIRES.filter(({ hasBegin }) => hasBegin)
