/** What somebody has who just applies the live events in order, as any user interface would. */
import type { BlockKind, ContentBlock } from '../../message.ts'
import type { TurnEvent } from '../../turn-event.ts'

interface ShownBlock {
  readonly kind: BlockKind
  /** For a tool call: the text of its arguments. */
  text: string
  id?: string
  readonly name?: string
  signature?: string
  stops: number
  isHandedOut: boolean
}

/**
 * Why the live events of one message are not its blocks, in one sentence; undefined if they are, and each block was
 * closed once. The events are those of the message alone.
 */
export function liveFault(events: readonly TurnEvent[], content: readonly ContentBlock[]): string | undefined {
  let blocks: ShownBlock[] = []
  for (const event of events) {
    if (event.type === 'reset') blocks = []
    if (!('block' in event) || event.block === undefined || event.type === 'anomaly') continue
    if (event.type === 'block_start') {
      if (event.block !== blocks.length) return `block ${event.block} was started as number ${blocks.length}`
      const { kind, name, id } = event
      blocks.push({
        kind,
        text: '',
        stops: 0,
        isHandedOut: false,
        ...(name === undefined ? {} : { name }),
        ...(id === undefined ? {} : { id }),
      })
      continue
    }
    const block = blocks[event.block]
    if (block === undefined) return `a ${event.type} event names block ${event.block}, which was never started`
    if (event.type === 'text' || event.type === 'thinking') block.text += event.text
    else if (event.type === 'tool_input') block.text += event.delta
    else if (event.type === 'replace') block.text = event.text
    else if (event.type === 'tool_call') {
      block.isHandedOut = true
      block.id = event.call.id
    } else if (event.type === 'block_stop') {
      block.stops += 1
      if (event.signature !== undefined) block.signature = event.signature
    }
  }
  if (blocks.length !== content.length)
    return `${blocks.length} blocks were shown, and the message has ${content.length}`
  for (const [index, block] of content.entries()) {
    const shown = blocks[index]
    const fault = shown === undefined ? 'was not shown' : blockFault(shown, block)
    if (fault !== undefined) return `block ${index} ${fault}`
  }
  return undefined
}

function blockFault(shown: ShownBlock, block: ContentBlock): string | undefined {
  if (shown.stops !== 1) return `was closed ${shown.stops} times`
  if (shown.kind !== block.type) return `was shown as ${shown.kind} and is ${block.type}`
  const text = block.type === 'tool_call' ? block.arguments : 'text' in block ? block.text : ''
  if (shown.text !== (text ?? '')) return `was shown with other text than it has`
  if (block.type === 'tool_call') {
    if (shown.name !== block.name) return 'was shown as a call of another name'
    // Some servers send the id late: only the call that is handed out has it for certain.
    if (shown.isHandedOut && shown.id !== block.id) return 'was handed out under another id'
  }
  if (block.type === 'thinking' && shown.signature !== block.signature) return 'was shown with another signature'
  return undefined
}
