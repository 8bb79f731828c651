/**
 * Prints the source files of which a function runs while one lead is taken, delivered and answered, and their number. The lead
 * goes through a real gateway with its bundled simulator, on a temporary SQLite database. A first lead warms the gateway up, and
 * a file counts if it ran for each of the next leads: what a timer runs meanwhile is no work of a lead.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startGateway } from '../src/app/gateway.ts';
import { loadSettings } from '../src/config/load.ts';

/** Leads that are measured one after the other. */
const LEADS = 5;

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'lead-path-'));
const settings = loadSettings({
  PORT: '0',
  SIMULATOR_PORT: '0',
  CONSOLE_PORT: '0',
  PHONE_DAILY_MAX: '100',
  DATABASE_URL: `sqlite:${join(folder, 'leads.db')}`,
});
const gateway = await startGateway(settings, pino({ level: 'silent' }), '0');
try {
  await sendLead('Is it still available?');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const ofLeads: Set<string>[] = [];
  for (let lead = 1; lead <= LEADS; lead += 1) {
    // Resets the counters.
    await session.post('Profiler.takePreciseCoverage');
    await sendLead(`May I drive it? (${lead})`);
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = result
      .filter(({ url, functions }) => url.startsWith('file:') && functions.some(ran))
      .map(({ url }) => relative(root, fileURLToPath(url)).split(sep).join('/'))
      .filter((file) => file.startsWith('src/') && !file.startsWith('src/simulator/'));
    ofLeads.push(new Set(files));
  }
  session.disconnect();
  const files = [...(ofLeads[0] ?? [])].filter((file) => ofLeads.every((ran) => ran.has(file))).sort();
  console.log(`${files.join('\n')}\n${files.length} files run for one lead.`);
} finally {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
}

async function sendLead(question: string): Promise<void> {
  const { status } = await fetch(`${gateway.url}/conversations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'demo', advertiserId: '1', consumer: { phone: '(404) 555-1212', question } }),
  });
  if (status !== 201) throw new Error(`The lead was answered ${status}.`);
}

/** Whether a function ran since the counters were reset. */
function ran({ ranges }: { ranges: readonly { count: number }[] }): boolean {
  return ranges.some(({ count }) => count > 0);
}
