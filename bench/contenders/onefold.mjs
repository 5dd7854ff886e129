/** onefold as its users call it: the synchronous core behind the floor's own parser, and turns over a ReadableStream. */
import { parse, streamOf } from '../floors.mjs'

/** The build of onefold in a folder. */
export function loadOnefold(dist) {
  // oxlint-disable-next-line import/no-dynamic-require -- which build it is says the command line
  return import(`${dist}/index.js`)
}

export function onefoldContenders({ assemble, createAssembler, fold }) {
  return {
    final: [
      {
        name: 'onefold: L2 and createAssembler',
        key: 'core',
        run({ chunks, dialect }) {
          const assembler = createAssembler({ dialect })
          parse(chunks, (payload) => assembler.receive(payload))
          assembler.end({ kind: 'complete' })
          return assembler.message()
        },
        read: readMessage,
      },
      {
        name: 'onefold: assemble(stream), message()',
        key: 'message',
        run: ({ chunks }) => fold(streamOf(chunks)),
        read: readMessage,
      },
      {
        name: 'onefold: for await (event of assemble(stream))',
        key: 'events',
        async run({ chunks }) {
          let final
          for await (const event of assemble(streamOf(chunks))) if (event.type === 'message') final = event.final
          return final
        },
        read: readMessage,
      },
    ],
    live: [
      {
        name: 'onefold: partialInput(block) at each delta',
        key: 'live',
        async run({ chunks }) {
          const turn = assemble(streamOf(chunks))
          let reads = 0
          let partial
          turn.on('tool_input', ({ block }) => {
            partial = turn.partialInput(block)
            reads += touch(partial.value)
          })
          const message = await turn.message()
          return { message, reads, last: partial?.value }
        },
        read: ({ message, reads, last }) => ({ ...readMessage(message), reads, last: JSON.stringify(last) }),
      },
    ],
  }
}

/** Looks at a preview as whoever shows it would: the value is there, or it does not count as read. */
export function touch(value) {
  return typeof value === 'object' && value !== null ? 1 : 0
}

function readMessage({ content, outcome }) {
  if (outcome.kind !== 'complete') throw new Error(`the outcome is ${JSON.stringify(outcome)}`)
  return {
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    inputs: content.flatMap((block) => (block.type === 'tool_call' ? [JSON.stringify(block.input)] : [])),
  }
}
