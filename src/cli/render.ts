import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { ConfigurationError, loadSettings } from '../config/load.ts';
import { renderLead, UnusableLead } from './render-lead.ts';

const HELP = `Prints the XML document that would be sent for a lead, with the password masked. Nothing is sent or stored.

  npm run render -- lead.json    a file that holds a body of POST /conversations
  npm run render -- -            the same from standard input

Sites, accounts and the wire profile come from the environment and CONFIG_FILE, as for the gateway itself. The site's
rules apply; who may call (origins, partners) is not asked. A body without a site is read as one for the only site.

Exit code: 0 printed, 1 the lead or the configuration is wrong, 2 the command is.
`;

/** The command itself is wrong: its words, or the file that it names. */
class Misuse extends Error {}

try {
  const path = readArguments();
  process.stdout.write(path === undefined ? HELP : `${renderLead(await read(path), loadSettings(process.env))}\n`);
} catch (error) {
  if (!(error instanceof Misuse || error instanceof UnusableLead || error instanceof ConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}

/** The path of the lead, `-` for standard input, or `undefined` where help is wanted. */
function readArguments(): string | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    });
    const [path, ...more] = positionals;
    if (values.help) return undefined;
    if (path !== undefined && more.length === 0) return path;
  } catch {
    // An option that does not exist; the same advice fits.
  }
  throw new Misuse('Name one file with a lead, or - for standard input. More: npm run render -- --help');
}

async function read(path: string): Promise<Buffer> {
  try {
    return path === '-' ? await buffer(process.stdin) : readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw new Misuse(`${path === '-' ? 'Standard input' : path} cannot be read (${code}).`);
  }
}
