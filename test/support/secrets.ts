/** Whether a secret is in what was written: as it is, in any escaped form, or in anything there that can be decoded. */
export const chunk = (text: string): Uint8Array => new TextEncoder().encode(text)

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

/** `text` may have a character for each byte. Everything that looks like base64 is decoded, and escapes are undone, three times over. */
export function hasSecret(text: string, secret: string): boolean {
  const asBytes = Buffer.from(secret).toString('latin1')
  const needles = [secret, asBytes, new TextDecoder('latin1').decode(Buffer.from(secret))]
  const seen = new Set<string>()
  let texts = [text]
  for (let round = 0; round < 4; round += 1) {
    for (const own of texts) {
      if (needles.some((needle) => own.includes(needle))) return true
      seen.add(own)
    }
    texts = texts.flatMap(decodings).filter((own) => !seen.has(own))
  }
  return false
}

function decodings(text: string): string[] {
  const unescaped = text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\(.)/g, '$1')
  const percent = text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  const base64 = Array.from(text.matchAll(/[A-Za-z0-9+/_-]{8,}/g)).flatMap(([run]) =>
    [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64').toString('latin1')),
  )
  return [unescaped, percent, base64.join('\n')]
}
