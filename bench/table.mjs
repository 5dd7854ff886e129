/** Numbers and tables as text: for the terminal, and for docs/performance.md. */
import { isBeyond, perUnit } from './hostile.mjs'
import { MANY } from './many.mjs'

export function ms(value) {
  if (value === undefined) return ''
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}

export function ratio(value) {
  if (value === undefined || !Number.isFinite(value)) return ''
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}

/** Columns as wide as they must be; numbers to the right. */
export function plain(head, rows) {
  const all = [head, ...rows].map((cells) => cells.map(String))
  const widths = head.map((_, i) => Math.max(...all.map((cells) => cells[i].length)))
  return all
    .map((cells) =>
      cells
        .map((cell, i) => (i === 0 || i === head.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function markdown(head, rows) {
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

function line(cells) {
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
}

/** The rows of a workload as cells: contender, median, fastest, ratio to L2, remark. */
export function cellsOf({ rows }) {
  return rows.map(({ name, medianMs, minMs, ratio: toFloor, rounds, state, note }) => {
    const remarks = [state === 'ok' ? '' : state, note ?? '', rounds === 1 ? 'one run' : '']
    return [name, ms(medianMs), ms(minMs), ratio(toFloor), remarks.filter((remark) => remark !== '').join(': ')]
  })
}

/** `excess`: how far a measured value lies beyond its limit, 1 at the limit itself. */
export function verdictOf({ isMet, excess, limit }) {
  if (isMet === undefined) return 'not measured'
  if (isMet) return 'met'
  return limit.startsWith('≤')
    ? `missed by ${((excess - 1) * 100).toFixed(0)} %`
    : `missed: ${(100 / excess).toFixed(0)} % of it`
}

export function titleOf({ id, bytes, events, chunks }) {
  return `${id} · ${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB, ${events} events, ${chunks} chunks`
}

export function printRun({ date, node, machine, garbageCollection }) {
  console.log(
    `${date}, node ${node}, ${machine.cores} cores, load ${machine.load}, ${garbageCollection} garbage collection\n`,
  )
}

export function printWorkload(workload) {
  console.log(titleOf(workload))
  console.log(`${plain(['', 'median ms', 'fastest', '× L2', ''], cellsOf(workload))}\n`)
}

/** Many turns at once, as a head and rows. */
export function manyTable(many) {
  const head = ['', 'dialect', 'turns', 'seconds', 'CPU seconds', 'peak heap, MB', 'peak resident set, MB', '']
  const rows = many.map(({ dialect, contender, turns, ms: time, cpuMs, heapBytes, residentBytes, note }) => {
    const figures =
      turns === undefined
        ? ['', '', '', '', '']
        : [
            turns,
            (time / 1000).toFixed(1),
            (cpuMs / 1000).toFixed(1),
            (heapBytes / 1e6).toFixed(0),
            (residentBytes / 1e6).toFixed(0),
          ]
    return [MANY[contender], dialect, ...figures, note === undefined ? '' : `failed: ${note.split('\n')[0]}`]
  })
  return [head, rows]
}

/** Histories, as a head and rows: milliseconds of each size, how they grow, and microseconds for each message of the largest. */
export function historyTable(histories) {
  const sizes = histories[0]?.points.map(({ size }) => `ms, ${size.toLocaleString('en')}`) ?? []
  const rows = histories.map(({ does, target, points, exponent }) => {
    const last = points.at(-1)
    const times = points.map((point) => ms(point.ms))
    return [does, target ?? '', ...times, exponent.toFixed(2), ratio((last.ms * 1000) / last.size), '']
  })
  return [['', 'target', ...sizes, 'exponent', 'µs a message', ''], rows]
}

/** A hundred clients at once, as a head and rows. */
export function clientsTable(rows) {
  const head = [
    '',
    'clients at once',
    'streams',
    'wrong',
    'files',
    'wrong',
    'ms, all of them',
    'ms to the client',
    '95 %',
    'MB at most',
    '',
  ]
  const cells = rows.map(({ way, clients, streams, wrong, files, wrongFiles, delayMs, lateMs, rssMb, ...row }) => [
    way,
    clients,
    streams,
    wrong,
    files ?? '',
    wrongFiles ?? '',
    ms(row.ms),
    ms(delayMs),
    ms(lateMs),
    rssMb ?? '',
    '',
  ])
  return [head, cells]
}

/** Less than that says more about the process than about the stream. */
const NOISE_BYTES = 256 * 1024
const UNITS = {
  eventLength: 'a character',
  messageLength: 'a character',
  blocks: 'a block',
  choices: 'a choice',
  messages: 'a message',
}

/** Streams that never end, as a head and rows. */
export function hostileTable(hostile) {
  const head = ['never ends', 'dialect', 'ended by', 'read, KB', 'held, KB', 'for each unit of the limit, bytes', '']
  const rows = hostile.map((row) => {
    const { says, dialect = 'any', ended, fedBytes, heldBytes, isDead } = row
    if (isDead) return [says, dialect, '', '', '', '', 'ended the process']
    const each = perUnit(row)
    const held = each === undefined || heldBytes < NOISE_BYTES ? '' : `${ratio(each)} ${UNITS[ended]}`
    const remark = isBeyond(row) ? 'more than it may' : ''
    return [says, dialect, endOf(row), (fedBytes / 1000).toFixed(0), (heldBytes / 1000).toFixed(0), held, remark]
  })
  return [head, rows]
}

function endOf({ ended, expected }) {
  if (UNITS[ended] !== undefined) return `\`${ended}\``
  return expected === 'nothing' ? 'nothing: it goes on' : UNITS[expected] === undefined ? expected : 'nothing yet'
}
