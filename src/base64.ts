/**
 * Bytes as base64 and back, with what every runtime has. The rule: reading accepts exactly what writing gives, since in
 * a recording anything else is damage.
 */

/** The bytes in the standard alphabet, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The bytes, or undefined where the text is not base64 in its one canonical form. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
    // atob forgives blanks, missing padding and stray bits; damage may look like any of them.
    return encodeBase64(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
