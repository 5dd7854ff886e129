/** OpenAI's words for what is missing, or of a wrong type. */

export function missing(path: string): string {
  return `Missing required parameter: '${path}'.`
}

export function wrongType(path: string, expected: string, value: unknown): string {
  return `Invalid type for '${path}': expected ${expected}, but got ${typeWord(value)} instead.`
}

function typeWord(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}
