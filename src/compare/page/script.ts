/** The one script of the page. The page is whole without it; it reads what stands there, and writes nothing but plain text. */
export const SCRIPT = `(() => {
'use strict'
const root = document.documentElement
const tools = document.querySelector('.tools')
const where = tools.querySelector('.where')
tools.hidden = false

/* What is folded away stands where its fold does. */
const topOf = (element) => {
  let seen = element
  for (let at = element.parentElement; at; at = at.parentElement)
    if (at.tagName === 'DETAILS' && !at.open && !(element.closest('summary') && element.closest('summary').parentElement === at)) seen = at
  return seen.getBoundingClientRect().top
}
/* Marks in one line, on all sides, are one stop; of a row that goes on beside the page one side comes behind the other. */
const stops = () => {
  const marks = [...document.querySelectorAll('main ins, main del, main .d')]
    .filter((mark) => !mark.closest('.key, .unlike') && !(mark.matches('ins, del') && mark.closest('li.d, .badge.d')))
    .map((mark) => {
      const top = topOf(mark)
      const cell = mark.closest('.before, .after') && mark.closest('.cell, td')
      return { mark, top, cell, row: cell ? cell.parentElement.getBoundingClientRect().top : top, side: cell ? [...cell.parentElement.children].indexOf(cell) : 0 }
    })
  marks.sort((a, b) => a.row - b.row || a.side - b.side || a.top - b.top)
  const lines = []
  for (const { mark, top, cell } of marks) {
    const last = lines[lines.length - 1]
    if (last && top - last.top < 14 && cell === last.cell) last.marks.push(mark)
    else lines.push({ top, cell, marks: [mark] })
  }
  return lines
}
let current
const go = (step) => {
  const lines = stops()
  if (!lines.length) {
    where.textContent = 'no differences'
    return
  }
  const at = lines.findIndex(({ marks }) => marks.includes(current))
  const behind = lines.findIndex(({ top }) => top > innerHeight * 0.3)
  const from = at >= 0 ? at + step : step > 0 ? Math.max(0, behind) : (behind < 0 ? lines.length : behind) - 1
  const next = lines[(from + lines.length) % lines.length]
  for (const mark of document.querySelectorAll('.now')) mark.classList.remove('now')
  current = next.marks[0]
  for (const mark of next.marks)
    for (let at = mark; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true
  const line = current.getBoundingClientRect().top
  for (const mark of next.marks) if (Math.abs(mark.getBoundingClientRect().top - line) < 14) mark.classList.add('now')
  current.tabIndex = -1
  current.focus({ preventScroll: true })
  current.scrollIntoView({ block: 'center', inline: 'nearest' })
  const now = stops()
  where.textContent = now.findIndex(({ marks }) => marks.includes(current)) + 1 + ' of ' + now.length
}

/* Where a box has more beside what it shows. */
for (const box of document.querySelectorAll('.scroll')) {
  const look = () => {
    const isScroller = getComputedStyle(box).overflowX === 'auto'
    box.classList.toggle('before', isScroller && box.scrollLeft > 1)
    box.classList.toggle('after', isScroller && box.scrollLeft + box.clientWidth < box.scrollWidth - 1)
  }
  box.addEventListener('scroll', look, { passive: true })
  new ResizeObserver(look).observe(box)
}

const themes = ['auto', 'dark', 'light']
let theme = 0
const doing = {
  next: () => go(1),
  previous: () => go(-1),
  fold: (button) => {
    const isOpen = button.textContent === 'open all'
    for (const one of document.querySelectorAll('main details')) one.open = isOpen
    button.textContent = isOpen ? 'close all' : 'open all'
  },
  theme: (button) => {
    theme = (theme + 1) % themes.length
    if (theme) root.dataset.theme = themes[theme]
    else delete root.dataset.theme
    button.textContent = 'theme: ' + themes[theme]
  },
}
tools.addEventListener('click', (event) => {
  const button = event.target.closest('button')
  if (button) doing[button.dataset.do](button)
})
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, textarea, select')) return
  if (event.key === 'n') go(1)
  else if (event.key === 'p') go(-1)
  else return
  event.preventDefault()
})

const time = (ms) => (ms < 1000 ? Math.round(ms) + ' ms' : (ms / 1000).toFixed(2) + ' s')
const count = (number) => number.toLocaleString('en')
for (const chart of document.querySelectorAll('.chart')) {
  const bins = Number(chart.dataset.bins)
  const end = Number(chart.dataset.end)
  const scrub = chart.parentElement.querySelector('.scrub')
  const [range, output] = scrub.children
  const cross = chart.querySelector('.cross')
  const sides = [...chart.children].filter((group) => group.tagName === 'g' && group.querySelector('.label')).map((group) => ({
    label: group.querySelector('.label').textContent,
    lanes: [...group.querySelectorAll('path')].map((path) => ({
      name: path.dataset.name,
      bins: new Map(path.dataset.v.split(',').map((bin) => bin.split(' ').map(Number)).map(([at, ...rest]) => [at, rest])),
    })),
  }))
  const show = (at) => {
    const x = ((at + 0.5) / bins) * 100 + '%'
    cross.setAttribute('x1', x)
    cross.setAttribute('x2', x)
    cross.setAttribute('visibility', 'visible')
    const told = sides.map(({ label, lanes }) => {
      const here = lanes.flatMap(({ name, bins }) => {
        const bin = bins.get(at)
        return bin ? [name + ' ' + count(bin[0]) + ' characters' + (bin[1] > 1 ? ' in ' + count(bin[1]) + ' deltas' : '')] : []
      })
      return '\\u2068' + label + '\\u2069: ' + (here.join(', ') || 'nothing')
    })
    output.textContent = time((at / bins) * end) + ' to ' + time(((at + 1) / bins) * end) + ' \\u00b7 ' + told.join(' \\u00b7 ')
  }
  scrub.hidden = false
  output.textContent = 'Point at the chart, or move the slider, to read it.'
  range.addEventListener('input', () => show(Number(range.value)))
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect()
    const at = Math.max(0, Math.min(bins - 1, Math.floor(((event.clientX - box.left) / box.width) * bins)))
    range.value = at
    show(at)
  })
}
})()
`
