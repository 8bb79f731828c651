import { hash } from 'node:crypto';
import { type Command, EXIT, Misuse } from '../command.ts';
import { json } from '../print.ts';

const BYTES = 32;

export const keysNew: Command = {
  name: 'keys new',
  summary: "Makes a partner's key, shown this once, with the hash for the configuration file.",
  options: {
    data: { type: 'boolean', help: 'make a DATA_KEY instead' },
    hash: { type: 'boolean', help: 'make a HASH_KEY instead' },
  },
  async run({ values, json: asJson, io }) {
    if (values.data && values.hash) throw new Misuse('Make one key at a time');
    const bytes = io.randomBytes(BYTES);
    if (values.data || values.hash) {
      const setting = values.data ? 'DATA_KEY' : 'HASH_KEY';
      const key = bytes.toString('base64');
      io.out(asJson ? json({ setting, key }) : `${setting}=${key}\n`);
      return EXIT.ok;
    }
    // The prefix lets scanners for leaked secrets find it.
    const key = `tcg_${bytes.toString('base64url')}`;
    const keyHash = `sha256:${hash('sha256', key, 'hex')}`;
    if (asJson) io.out(json({ key, hash: keyHash }));
    else {
      io.out(`key   ${key}\nhash  ${keyHash}\n`);
      io.err('Give the key to the partner over a safe way; it cannot be shown again. The hash goes into its "keys".\n');
    }
    return EXIT.ok;
  },
};
