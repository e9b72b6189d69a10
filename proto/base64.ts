/** Standard base64 with padding, in every runtime of ours. Reads what `scalarFault('bytes', …)` has accepted. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  // A spread over a long array overflows the stack; 32 KiB at a time does not.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}

export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
