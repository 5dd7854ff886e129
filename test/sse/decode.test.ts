/** The decoder: bytes or text to events, whatever the chunks. Rows named by the quirks of real servers, and I1 over all of them. */
import { array, assert, constantFrom, integer, jsonValue, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decoder, type Decoded } from '../../src/sse/decode.ts'
import { runs } from '../support/operations.ts'

const LIMIT = 1000
const BOM = '\uFEFF'

type Chunk = Uint8Array | string

/** What a decoder gives, without the fields that are undefined. */
function decode(chunks: Iterable<Chunk>, limit = LIMIT): Decoded[] {
  const decoder = new Decoder(limit)
  const decoded: Decoded[] = []
  for (const chunk of chunks) decoded.push(...decoder.push(chunk))
  decoded.push(...decoder.end())
  expect(decoder.end(), 'a second end gives nothing').toEqual([])
  return decoded
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** In short: the data of events, and of the rest the kind with its text. */
function inShort(decoded: readonly Decoded[]): string[] {
  return decoded.map((one) => {
    switch (one.kind) {
      case 'event':
        return one.event === undefined ? one.data : `${one.event}: ${one.data}`
      case 'error':
        return `error<${one.data}>`
      case 'payload':
        return `payload<${JSON.stringify(one.payload)}>`
      case 'cut':
      case 'body':
        return `${one.kind}<${one.text}>`
      case 'too_long':
      case 'failure':
      case 'malformed':
      case 'unreadable':
        return one.kind
      default: {
        const never: never = one
        return never
      }
    }
  })
}

function gives(body: string, wanted: readonly string[], limit = LIMIT): void {
  expect(inShort(decode([body], limit)), 'in one piece').toEqual(wanted)
  expect(inShort(decode([bytesOf(body)], limit)), 'in one piece of bytes').toEqual(wanted)
  expect(inShort(decode(body, limit)), 'in single characters').toEqual(wanted)
  expect(inShort(decode(everyByte(bytesOf(body)), limit)), 'in single bytes').toEqual(wanted)
}

function everyByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

const ends = ['\n', '\r\n', '\r'] as const

describe('quirks of servers', () => {
  it('quirk 1.01: a character cut between chunks is whole again, and one torn at the end is a cut', () => {
    const body = bytesOf('data: "北京 🌍"\n\n')
    for (let at = 0; at <= body.length; at++)
      expect(inShort(decode([body.subarray(0, at), body.subarray(at)]))).toEqual(['"北京 🌍"'])
    const torn = bytesOf('data: "北京').subarray(0, -1)
    expect(inShort(decode([torn]))).toEqual(['cut<"北\uFFFD>'])
    expect(inShort(decode(everyByte(torn)))).toEqual(['cut<"北\uFFFD>'])
    expect(inShort(decode([bytesOf('data: {}\n\n'), Uint8Array.of(0xe5)]))).toEqual(['{}', 'cut<\uFFFD>'])
    expect(inShort(decode([bytesOf('data: {}'), Uint8Array.of(0xe5)]))).toEqual(['cut<{}\uFFFD>'])
  })

  it('quirk 1.02: a CRLF cut between chunks is one line end', () => {
    for (const gap of [[], [''], ['', '']]) {
      expect(inShort(decode(['data: A\r', ...gap, '\ndata: B\r\n\r\n']))).toEqual(['A\nB'])
      expect(inShort(decode(['data: {}\r', ...gap, '\n\r', ...gap, '\ndata: 1\r\n\r\n']))).toEqual(['{}', '1'])
    }
    expect(inShort(decode(['data: 1\r', '\r', 'data: 2\r', '\r']))).toEqual(['1', '2'])
  })

  it('quirk 1.02: an event is given as soon as its blank line is there, also if that is a CR', () => {
    const decoder = new Decoder(LIMIT)
    expect(inShort(decoder.push('data: 1\r\r'))).toEqual(['1'])
    expect(inShort(decoder.push('\n'))).toEqual([])
    expect(inShort(decoder.push('data: 2\n\n'))).toEqual(['2'])
  })

  it('quirk 1.03: line ends of all three kinds may be mixed', () => {
    for (const a of ends)
      for (const b of ends)
        for (const c of ends)
          gives(`event: x${a}data: {}${b}${c === '\n' && b === '\r' ? '\r' : c}data: 1${c}${c}`, ['x: {}', '1'])
    gives('event: x\r\ndata: {}\n\n', ['x: {}'])
    gives('data: 1\n\r\ndata: 2\r\n\ndata: 3\r\r', ['1', '2', '3'])
  })

  it('quirk 1.04: one byte order mark at the start is no part of the first line, in bytes, in text, and in pieces', () => {
    gives(`${BOM}data: 1\n\n`, ['1'])
    gives(`${BOM}{"a":1}`, ['payload<{"a":1}>'])
    expect(inShort(decode(['', BOM, '', 'data: 1\n\n']))).toEqual(['1'])
    expect(
      inShort(decode([new Uint8Array(0), Uint8Array.of(0xef), Uint8Array.of(0xbb, 0xbf), bytesOf('data: 1\n\n')])),
    ).toEqual(['1'])
  })

  it('quirk 1.04: a byte order mark elsewhere is data', () => {
    gives(`data: "${BOM}"\n\n`, [`"${BOM}"`])
    gives(`data: 1\n\n${BOM}data: 2\n\n`, ['1', `cut<${BOM}data: 2>`])
    gives(`${BOM}data: ${BOM}1\n\n`, [`${BOM}1`])
  })

  it('quirk 1.04: of two byte order marks the second is data: it spoils the first line and no other', () => {
    gives(`${BOM}${BOM}data: 1\n\ndata: 2\n\n`, ['2'])
  })

  it('quirk 1.04: the letters ï»¿ at the start are text, not a byte order mark', () => {
    gives('ï»¿data: 1\n\ndata: 2\n\n', ['2'])
  })

  it('quirk 1.05: a last event without its blank line is given if its data is whole JSON or [DONE]', () => {
    for (const end of ['', '\n', '\r', '\r\n']) {
      gives(`data: 1\n\ndata: {"a":"b"}${end}`, ['1', '{"a":"b"}'])
      gives(`data: 1\n\nevent: x\ndata: [DONE]${end}`, ['1', 'x: [DONE]'])
    }
  })

  it('quirk 1.05: a last event whose data is not whole is a cut', () => {
    gives('data: 1\n\ndata: {"a":"b', ['1', 'cut<{"a":"b>'])
    gives('data: 1\n\ndata: {"a":"b\n', ['1', 'cut<{"a":"b>'])
    gives('data: 1\n\ndata: [DON', ['1', 'cut<[DON>'])
    gives('data: 1\n\ndat', ['1', 'cut<dat>'])
    gives('data: 1\n\nevent: message_st', ['1'])
    gives('data: 1\n\n:', ['1'])
  })

  it('quirk 1.06: comments and blank lines dispatch nothing', () => {
    gives(': OPENROUTER PROCESSING\n\n:\n\n\n\n\ndata: 1\n: within\n\n: keepalive\n\n', ['1'])
    gives('data: {"a":\n: within\ndata: 1}\n\n', ['{"a":\n1}'])
    gives('event: ping\n\ndata: 1\n\n', ['1'])
  })

  it('quirk 1.07: a comment that a proxy sends as data is an event, for others to judge', () => {
    gives('data: : OPENROUTER PROCESSING\n\ndata: 1\n\n', [': OPENROUTER PROCESSING', '1'])
  })

  it('quirk 1.08: an event needs no name', () => {
    gives('data: {"type":"message_start"}\n\n', ['{"type":"message_start"}'])
    gives('event:\ndata: 1\n\n', ['1'])
    gives('event: a\nevent: b\ndata: 1\n\ndata: 2\n\n', ['b: 1', '2'])
  })

  it('quirk 1.09: an `error:` line is an error, wherever it stands', () => {
    gives('error: {"code":400}\n\ndata: [DONE]\n\n', ['error<{"code":400}>', '[DONE]'])
    gives('data: 1\n\nerror:{"code":500}\n\n', ['1', 'error<{"code":500}>'])
    gives('data: 1\n\nerror: engine out of memory', ['1', 'error<engine out of memory>'])
    gives('error', ['error<>'])
  })

  it('quirk 1.10: data lines are joined, and one space after the colon is dropped', () => {
    gives('data:{"a":1}\n\n', ['{"a":1}'])
    gives('data:  1\n\n', [' 1'])
    gives('data: {"a":\ndata: 1}\n\n', ['{"a":\n1}'])
    gives('data\ndata: 1\n\n', ['\n1'])
  })

  it('quirk 1.10: a line that is no field completes open JSON', () => {
    gives('data: {"a":"one\ntwo"}\n\n', ['{"a":"one\ntwo"}'])
    gives('data:\n {"id":"x"}\n\n', ['\n {"id":"x"}'])
    gives('data: {"a":\n1}\n\n', ['{"a":\n1}'])
    gives('data: {"a":\n1}', ['{"a":\n1}'])
  })

  it('quirk 1.13: JSON behind the events is one more, which Google sends as an error', () => {
    gives('data: 1\n\n{\n  "error": {\n    "code": 499\n  }\n}\n', ['1', '{\n  "error": {\n    "code": 499\n  }\n}'])
    gives('data: 1\n\n{\n  "error": {\n    "code": 499', ['1', 'cut<{\n  "error": {\n    "code": 499>'])
  })

  it('quirk 1.10: a stray line does not change data that is whole', () => {
    gives('data: {"a":1}\nwhat is this\n\ndata: 2\n\n', ['{"a":1}', '2'])
    gives('data: 1\n\nwhat is this\n\ndata: 2\n\n', ['1', '2'])
  })

  it('quirk 1.11: a line cut in the middle with another glued on spoils only itself', () => {
    gives('data: {"a":"bdata: {"c":1}\n\ndata: 2\n\n', ['{"a":"bdata: {"c":1}', '2'])
  })

  it('quirk 1.12: several events in a chunk are several events, and an event in several chunks is one', () => {
    gives('data: 1\n\ndata: 2\n\ndata: 3\n\n', ['1', '2', '3'])
    gives('{"a":1}\n\ndata: {"b":2}\n', ['payload<{"a":1}>', 'data: {"b":2}'])
  })

  it('quirk 1.13: a body that is JSON is read as that', () => {
    gives('{"error":{"code":400}}', ['payload<{"error":{"code":400}}>'])
    gives('\n {"error":"no"}\n', ['payload<{"error":"no"}>'])
    gives(JSON.stringify({ error: { code: 400, list: [1, 2] } }, null, 2), [
      'payload<{"error":{"code":400,"list":[1,2]}}>',
    ])
  })

  it('quirk 1.13: a body with nothing in it gives nothing', () => {
    for (const body of ['', '\n', ' \r\n\t', ': hi\n\n', ': a\n: b\n\n\n', BOM]) gives(body, [])
  })

  it('quirk 1.13: a body that is neither events nor JSON is given as a body', () => {
    gives('<html>\n<body>502</body>\n</html>\n', ['body<<html>\n<body>502</body>\n</html>\n>'])
    gives('upstream connect error', ['body<upstream connect error>'])
    gives('{"a" oops}', ['body<{"a" oops}>'])
    gives('{"a":\n1 2}', ['body<{"a":\n1 2}>'])
  })

  it('I5: a body that ends within its first event is cut, not something else', () => {
    gives('{"a":', ['cut<{"a":>'])
    gives('{"a":\n1', ['cut<{"a":\n1>'])
    for (const head of ['e', 'even', 'dat', 'i', 'retr']) gives(head, [`cut<${head}>`])
    gives(': hi\nid: 4\neve', ['cut<: hi\nid: 4\neve>'])
    for (const body of ['eventually', 'oops\neve', 'id 4\neve ']) gives(body, [`body<${body}>`])
  })

  it('quirk 1.14: an error as bare text in a data line is an event with that text', () => {
    gives('data: error: engine OOM\n\n', ['error: engine OOM'])
  })

  it('quirk 1.15: a line that never ends is bounded', () => {
    for (const start of ['data: ', ': ', 'x', 'id: ', 'event: ', '{"a":"', '<html>', 'retry: ']) {
      const decoder = new Decoder(LIMIT)
      const decoded: Decoded[] = [...decoder.push(start)]
      for (let at = 0; at < 10 * LIMIT; at++) decoded.push(...decoder.push('1'))
      expect(inShort([...decoded, ...decoder.end()]), start).toEqual(['too_long'])
    }
  })
})

describe('JSON bodies', () => {
  it('gives each line of JSON lines, and [DONE] as an event', () => {
    gives('{"a":1}\n{"b":2}\r\n\n{"c":3}', ['payload<{"a":1}>', 'payload<{"b":2}>', 'payload<{"c":3}>'])
    gives('{"a":1}\n[DONE]\n', ['payload<{"a":1}>', '[DONE]'])
  })

  it('gives a line as soon as it is whole', () => {
    const decoder = new Decoder(LIMIT)
    expect(inShort(decoder.push('{"a":1}\n{"b"'))).toEqual(['payload<{"a":1}>'])
    expect(inShort(decoder.push(':2}\n'))).toEqual(['payload<{"b":2}>'])
  })

  it('says where JSON lines were cut or broken', () => {
    gives('{"a":1}\n{"b":', ['payload<{"a":1}>', 'cut<{"b":>'])
    gives('{"a":1}\nwhat\n{"c":3}\n', ['payload<{"a":1}>', 'what', 'payload<{"c":3}>'])
  })

  it('takes a JSON array for the events in it', () => {
    gives('[{"a":1},{"b":2}]', ['payload<{"a":1}>', 'payload<{"b":2}>'])
    gives('[{"a":1},\n{"b":2}\n]\n', ['payload<{"a":1}>', 'payload<{"b":2}>'])
    gives('[]', [])
    gives(' [ 1 , "a,]" ,null,[2,[3]] ] ', ['payload<1>', 'payload<"a,]">', 'payload<null>', 'payload<[2,[3]]>'])
  })

  it('gives each element of an array as soon as it is whole, an object with its brace', () => {
    const decoder = new Decoder(LIMIT)
    expect(inShort(decoder.push('[{"a":"}]\\""'))).toEqual([])
    expect(inShort(decoder.push('}'))).toEqual(['payload<{"a":"}]\\""}>'])
    expect(inShort(decoder.push('\n,\n{"b":[{}]'))).toEqual([])
    expect(inShort(decoder.push('}\n, 1'))).toEqual(['payload<{"b":[{}]}>'])
    expect(inShort(decoder.push(']'))).toEqual(['payload<1>'])
    expect(inShort(decoder.end())).toEqual([])
  })

  it('says where an array was cut or broken, and keeps what came before', () => {
    gives('[{"a":1},\n{"b":', ['payload<{"a":1}>', 'cut<{"b":>'])
    gives('[{"a":1},\n', ['payload<{"a":1}>', 'cut<>'])
    gives('[{"a":1}', ['payload<{"a":1}>', 'cut<>'])
    gives('[{"a":1},{b},{"c":3}]', ['payload<{"a":1}>', '{b}', 'payload<{"c":3}>'])
    gives('[{"a":1}{"b":2} oops ,3]', ['payload<{"a":1}>', 'payload<{"b":2}>', 'oops ', 'payload<3>'])
    gives('[{"a":1}]\n{"b":2}\nwhat', ['payload<{"a":1}>', 'payload<{"b":2}>', 'cut<what>'])
  })

  it('takes what begins like an array, and is none from its first element on, for another body', () => {
    gives('[oops]', ['body<[oops]>'])
    gives('[oops', ['body<[oops>'])
    gives('[', ['cut<[>'])
    gives('[{oops},{"a":1}]\n', ['body<[{oops},{"a":1}]\n>'])
  })

  it('reads JSON lines behind what a program printed before the first of them', () => {
    gives('starting\n{"a":1}\n{"b":2}\n', ['starting', 'payload<{"a":1}>', 'payload<{"b":2}>'])
    gives('[INFO] up\n[12:00:01] {ready}\n\n{"a":1}', ['[INFO] up\n[12:00:01] {ready}', 'payload<{"a":1}>'])
    const long = `{"a":"${'x'.repeat(20_000)}"}`
    gives(`starting\n${long}\n{"b":2}`, ['starting', `payload<${long}>`, 'payload<{"b":2}>'], 30_000)
    gives(`starting\n${long}\n{"b":2}`, ['too_long'], 10_000)
    gives('starting\n{"a":1', ['body<starting\n{"a":1>'])
    gives('starting\n{not yet}\n{"a":1}\n', ['starting\n{not yet}', 'payload<{"a":1}>'])
    gives('starting\ndata: {"a":1}\n\n', ['{"a":1}'])
  })

  it('reads JSON lines behind one that is broken', () => {
    gives('{"a"\n{"b":2}\n{"c":3}\n', ['{"a"', 'payload<{"b":2}>', 'payload<{"c":3}>'])
    gives('{"a"\n{"b":2}\n{"c"', ['{"a"', 'payload<{"b":2}>', 'cut<{"c">'])
  })

  it('tells a long element from a pause between two', () => {
    const decoder = new Decoder(100_000)
    decoder.push(`[{"a":1},   ${' '.repeat(5000)}`)
    expect(decoder.isInLongEvent).toBe(false)
    decoder.push(`{"a":"${'x'.repeat(2000)}`)
    expect(decoder.isInLongEvent).toBe(true)
    decoder.push('"}')
    expect(decoder.isInLongEvent).toBe(false)
    decoder.push(']')
    expect(decoder.isInLongEvent).toBe(false)
  })
})

describe('fields', () => {
  it('gives the id of an event, but none with a NUL in it', () => {
    expect(decode(['id: 7\ndata: 1\n\n'])).toMatchObject([{ kind: 'event', id: '7' }])
    const [event] = decode(['id: a\u0000b\ndata: 1\n\n'])
    expect(event).toMatchObject({ kind: 'event', data: '1' })
    expect(event?.kind === 'event' ? event.id : 'no event').toBeUndefined()
  })

  it('passes over retry, valid or not', () => {
    gives('retry: 3000\ndata: 1\n\n', ['1'])
    gives('retry: soon\ndata: 1\n\n', ['1'])
  })

  it('joins a surrogate pair that is cut between chunks of text', () => {
    expect(inShort(decode(['data: "\ud83c', '\udf0d"\n\n']))).toEqual(['"🌍"'])
  })

  it('takes invalid UTF-8 for U+FFFD and goes on', () => {
    expect(inShort(decode([bytesOf('data: "'), Uint8Array.of(0xff), bytesOf('"\n\ndata: 1\n\n')]))).toEqual([
      '"\uFFFD"',
      '1',
    ])
  })
})

describe('the limit on an event', () => {
  const size = 100
  const fits = 'x'.repeat(size)
  const over = `${fits}x`

  it('lets through what is exactly as long as it, and not one character more, in one piece or in many', () => {
    gives(`data: ${fits}\n\ndata: 1\n\n`, [fits, '1'], size)
    gives(`data: ${over}\n\ndata: 1\n\n`, ['too_long'], size)
    gives(`data: ${'x'.repeat(49)}\ndata: ${'x'.repeat(50)}\n\n`, [`${'x'.repeat(49)}\n${'x'.repeat(50)}`], size)
    gives(`data: ${'x'.repeat(50)}\ndata: ${'x'.repeat(50)}\n\n`, ['too_long'], size)
    gives(`: ${fits}\n\ndata: 1\n\n`, ['1'], size)
    gives(`: ${over}\n\ndata: 1\n\n`, ['too_long'], size)
  })

  it('counts JSON lines and documents in the same way', () => {
    const line = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`
    gives(`${line(size)}\n`, [`payload<${line(size)}>`], size)
    gives(`${line(size + 1)}\n`, ['too_long'], size)
    gives(`{"a":1}\n${line(size + 1)}\n`, ['payload<{"a":1}>', 'too_long'], size)
    const document = (length: number): string => `{\n"a":"${'x'.repeat(length - 9)}"}`
    gives(document(size), [`payload<${JSON.stringify(JSON.parse(document(size)))}>`], size)
    gives(document(size + 1), ['too_long'], size)
    gives(`[${line(size)},\n ${line(size)}]`, [`payload<${line(size)}>`, `payload<${line(size)}>`], size)
    gives(`[1,${line(size + 1)},1]`, ['payload<1>', 'too_long'], size)
    gives(
      `[${'[1],'.repeat(size)}[1]]`,
      Array.from({ length: size + 1 }, () => 'payload<[1]>'),
      size,
    )
    gives(`[1,${' '.repeat(3 * size)}2]`, ['payload<1>', 'payload<2>'], size)
  })

  it('is about every line, whatever it is, in one piece as in many', () => {
    const long = 'x'.repeat(3 * size + 2000)
    for (const line of [
      `: ${long}`,
      `id: ${long}`,
      `id: \u0000${long}`,
      `event: ${long}`,
      long,
      `retry: ${'1'.repeat(3000)}`,
      `retry: ${long}`,
      `error: ${long}`,
    ]) {
      gives(`${line}\n\ndata: 1\n\n`, ['too_long'], size)
      gives(`${line}\ndata: 1\n\n`, ['too_long'], size)
    }
    gives(`event: ${long}\nevent: b\ndata: 1\n\n`, ['too_long'], size)
  })

  it('is about the lines that continue an event as well', () => {
    gives(`data: {"a":"\n${`${'x'.repeat(30)}\n`.repeat(10)}"}\n\n`, ['too_long'], size)
  })

  it('lets nothing through after it was broken', () => {
    const decoder = new Decoder(size)
    expect(inShort(decoder.push(`data: ${over}\n\ndata: 1\n\n`))).toEqual(['too_long'])
    expect(decoder.push('data: 2\n\n')).toEqual([])
    expect(decoder.end()).toEqual([])
  })
})

describe('I1: chunks do not matter', () => {
  const bodies: Readonly<Record<string, string>> = {
    events: 'event: a\r\ndata: {"x":"é北🌍"}\r\n\r\ndata: 1\n\n: c\n\ndata: {"y":\ndata: 2}\r\r',
    'a byte order mark': `${BOM}\r\ndata: 1\r\n\r\n`,
    'stray lines and an error': 'data: {"a":"one\ntwo"}\n\nerror: no\n\ndata: {"c',
    'JSON lines': '{"a":"é"}\r\n{"b":2}\r\n[DONE]\n{"c',
    'an array': '[{"a":"é]"},\r\n1, [2]\n,{"b":\n{}} ]\r\n{"c":1}\n',
    'an array that is cut': '[{"a":"\\"é"},\r\n{"b":"\\\\',
    'an array that is none': '[{"a" é},\n[1]]',
    'a document': '{\r\n "a": [\n1,\n2]\r\n}\r\n',
    html: '<html>\r\n<p a="b:c">é</p>\r\n',
  }
  for (const [name, body] of Object.entries(bodies)) {
    it(`in ${name}, cut in two and in three anywhere`, () => {
      const bytes = bytesOf(body)
      const whole = decode([bytes])
      for (let a = 0; a <= bytes.length; a++) {
        for (let b = a; b <= bytes.length; b++) {
          expect(
            decode([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)]),
            `cut at ${a} and ${b}`,
          ).toEqual(whole)
        }
      }
      for (let at = 0; at <= body.length; at++)
        expect(decode([body.slice(0, at), body.slice(at)]), `text cut at ${at}`).toEqual(whole)
    })
  }

  const fragment = constantFrom(
    'data: {"a":1}\n\n',
    'data: {"a":"b',
    'data:',
    'data',
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    ':',
    ': c\n',
    'event: x\n',
    'id: 1\n',
    'id: \u0000\n',
    'retry: 1\n',
    'error: e\n',
    '{"a":1}',
    '{',
    '}',
    '[',
    ']',
    '"',
    '[DONE]',
    BOM,
    'é',
    '🌍',
    '<html>',
    'xxxxxxxxxx',
    'data: xxxxxxxxxxxxxxxxxxxxxxxx\n',
    `event: ${'x'.repeat(1200)}\n`,
    `id: \u0000${'x'.repeat(1200)}\n`,
  )

  it('in any body, however it is cut, with a limit or without', () => {
    assert(
      property(
        array(fragment, { maxLength: 14 }),
        array(integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        constantFrom(12, 30, LIMIT),
        (parts, sizes, limit) => {
          const bytes = bytesOf(parts.join(''))
          const chunks: Uint8Array[] = []
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const next = at + (sizes[turn % sizes.length] ?? 1)
            chunks.push(bytes.subarray(at, next))
            at = next
          }
          const whole = decode([bytes], limit)
          expect(decode(chunks, limit)).toEqual(whole)
          expect(decode([parts.join('')], limit)).toEqual(whole)
        },
      ),
      runs(5000),
    )
  })

  it('in any array, whole or broken, with a limit or without', () => {
    const piece = constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ',',
      '"',
      '\\',
      ' ',
      '\n',
      '{"a":1}',
      '[2]',
      '"b,]"',
      '34',
      'é',
      'x',
    )
    assert(
      property(
        array(piece, { maxLength: 16 }),
        integer({ min: 1, max: 5 }),
        constantFrom(5, 8, LIMIT),
        (parts, size, limit) => {
          const text = `[${parts.join('')}`
          const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
            text.slice(at * size, (at + 1) * size),
          )
          expect(decode(chunks, limit)).toEqual(decode([text], limit))
        },
      ),
      runs(5000),
    )
  })

  it('in an array, each element of which is given as JSON.parse has it', () => {
    assert(
      property(array(jsonValue(), { maxLength: 5 }), constantFrom(undefined, 1), (values, indent) => {
        const elements = values.map((value) => JSON.stringify(value))
        const body = JSON.stringify(values, undefined, indent)
        expect(inShort(decode([body], 1e6))).toEqual(elements.map((element) => `payload<${element}>`))
      }),
      runs(500),
    )
  })

  it('in any text at all, and nothing is ever thrown', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 60 }), integer({ min: 1, max: 5 }), (text, size) => {
        const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
          text.slice(at * size, (at + 1) * size),
        )
        expect(decode(chunks)).toEqual(decode([text]))
      }),
      runs(2000),
    )
  })
})
