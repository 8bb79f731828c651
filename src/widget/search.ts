/** Parameters of an ALTCHA challenge, version 2: the values in hex, `cost` in hashes per attempt. */
export type ChallengeParameters = {
  readonly algorithm: string;
  readonly nonce: string;
  readonly salt: string;
  readonly cost: number;
  readonly keyLength: number;
  readonly keyPrefix: string;
};

export type Solution = { readonly counter: number; readonly derivedKey: string };

/**
 * A search for the counter whose key, SHA-256 of salt, nonce and counter, starts with the prefix. Each call of what it gives
 * goes on for about `ms` milliseconds, and gives the solution once it has it. SHA-256 is our own: the browser's is
 * asynchronous, slower for such small inputs, and missing on plain http.
 *
 * Its source text also runs in a worker, so it refers to nothing outside itself.
 */
export function createSearch({ nonce, salt, cost, keyLength, keyPrefix }: ChallengeParameters) {
  const bytesOf = (hex: string): number[] => (hex.match(/../g) ?? []).map((byte) => Number(`0x${byte}`));
  const head = [...bytesOf(salt), ...bytesOf(nonce)];
  const blocks = (bytes: number): number => (bytes + 72) >> 6;
  const message = new DataView(new ArrayBuffer(64 * blocks(head.length + 4)));
  const constants = new Int32Array(64);
  const start = new Int32Array(8);
  const state = new Int32Array(8);
  const words = new Int32Array(64);

  // The first 32 bits of the fractions of the cube roots and square roots of the first primes (FIPS 180-4).
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let divisor = 2;
    while (candidate % divisor) divisor++;
    if (divisor < candidate) continue;
    if (found < 8) start[found] = (candidate ** 0.5 % 1) * 2 ** 32;
    constants[found++] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  }

  const at = (values: Int32Array, index: number): number => values[index] as number;
  const hexOf = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
  const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

  /** SHA-256 of the first `length` bytes of `message`, into `state`. */
  const digest = (length: number): void => {
    const end = 64 * blocks(length);
    for (let i = length; i < end; i++) message.setUint8(i, i === length ? 128 : 0);
    message.setUint32(end - 4, length * 8);
    state.set(start);
    for (let offset = 0; offset < end; offset += 64) {
      let [a, b, c, d, e, f, g, h] = state as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      for (let i = 0; i < 64; i++) {
        if (i < 16) words[i] = message.getInt32(offset + 4 * i);
        else {
          const early = at(words, i - 15);
          const late = at(words, i - 2);
          words[i] =
            at(words, i - 16) +
            at(words, i - 7) +
            (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) +
            (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10));
        }
        const first =
          h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + at(constants, i) + at(words, i);
        const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = (d + first) | 0;
        d = c;
        c = b;
        b = a;
        a = (first + second) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => {
        state[i] = at(state, i) + word;
      });
    }
  };

  let counter = 0;
  return (ms: number): Solution | undefined => {
    const until = performance.now() + ms;
    do {
      // Looking at the clock costs less than a hash; a slow device that has yet to compile this takes milliseconds for a few.
      for (let hashes = 0; hashes < 8; hashes += cost) {
        head.forEach((byte, i) => {
          message.setUint8(i, byte);
        });
        message.setUint32(head.length, counter);
        digest(head.length + 4);
        for (let round = 1; round < cost; round++) {
          state.forEach((word, i) => {
            message.setInt32(4 * i, word);
          });
          digest(32);
        }
        // Most tries differ in the first word already, and a whole key in hex costs as much as its hash.
        if (hexOf(at(state, 0)).startsWith(keyPrefix.slice(0, 8))) {
          const key = [...state].map(hexOf).join('');
          if (key.startsWith(keyPrefix)) return { counter, derivedKey: key.slice(0, 2 * keyLength) };
        }
        counter++;
      }
    } while (performance.now() < until);
    return undefined;
  };
}
