/** A new message id of the client's: 128 random bits in hex. (crypto.randomUUID needs a secure origin.) */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
