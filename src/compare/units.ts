/** Numbers as a person reads them, with their units: the same number is the same text wherever it stands. */

/** 1234567 as 1,234,567. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 word`, `2 words`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** Milliseconds below a second, else seconds. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 10) return `${trimmed(ms, 1)} ms`
  if (size < 999.5) return `${Math.round(ms)} ms`
  return `${ms < 99_950 && ms > -99_950 ? (ms / 1000).toFixed(size < 9995 ? 2 : 1) : grouped(Math.round(ms / 1000))} s`
}

/** How much more, or less, with its sign. */
export function signed(difference: number, text: (size: number) => string): string {
  return difference < 0 ? `−${text(-difference)}` : `+${text(difference)}`
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 999_950 ? `${trimmed(bytes / 1000, 1)} kB` : `${trimmed(bytes / 1_000_000, 1)} MB`
}

/** At most so many digits behind the point. */
export function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}

/** How many a second, `143/s`; of what, if it stands alone. */
export function rateText(perSecond: number, of: string = ''): string {
  return `${trimmed(perSecond, perSecond < 99.95 ? 1 : 0)}${of}/s`
}

/** A sum of money in whatever currency the price table is: two digits behind the point, or the four that count. */
export function costText(cost: number): string {
  if (cost === 0 || cost >= 1) return cost.toFixed(2)
  return cost.toFixed(Math.min(20, 3 - Math.floor(Math.log10(cost)))).replace(/0+$/, '')
}

/** The steps of an axis from 0 to `end` milliseconds: at most `most` of 1, 2 or 5 of a power of ten. */
export function ticks(end: number, most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(end / most))
  const step = power * ([1, 2, 5].find((times) => end / (times * power) <= most) ?? 10)
  // So small a time, or none, has no parts.
  if (!(step > 0 && Number.isFinite(end))) return [0]
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** A time on an axis that goes on to `end`. */
export function tickText(ms: number, end: number): string {
  if (ms === 0) return '0'
  return end >= 2000 ? `${trimmed(ms / 1000, 3)} s` : `${trimmed(ms, 3)} ms`
}
