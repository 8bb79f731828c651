import { readFileSync } from 'node:fs';
import { createLogger, outputDestination, prettyDestination } from './admin/logger.ts';
import type { Gateway } from './app/gateway.ts';
import { startReloadingGateway } from './app/reloading.ts';
import { describeSettings } from './config/describe.ts';
import { ConfigurationError, type LoadedSettings, loadSettings } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { createGuard } from './lib/connections.ts';
import { stopOnSignal } from './signals.ts';

/** Orchestrators usually kill a process after 30 s. The period is longer if `UPSTREAM_TIMEOUT_MS` allows longer attempts. */
const MIN_GRACE_MS = 20_000;
/** Time after the last attempt for recording its outcome and closing the storage. */
const AFTER_ATTEMPT_MS = 5_000;

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
const settings = readSettings();
const pretty = process.stdout.isTTY && !settings.production ? await prettyDestination() : undefined;
const output = outputDestination();
process.on('exit', output.flush);
const traces = settings.tracing && (await import('./telemetry/tracing.ts'));
const log = createLogger({ level: settings.logLevel, destination: pretty ?? output, context: traces?.traceFields });
const guard = createGuard(log);

try {
  const { gateway, watch } = await startReloadingGateway({ settings, env: process.env, log, version, guard });
  process.on(
    'SIGHUP',
    guard(() => void watch.reload().then((result) => log.info({ event: 'reload', result }, 'reload'))),
  );
  const graceMs = Math.max(MIN_GRACE_MS, settings.upstreamTimeoutMs + AFTER_ATTEMPT_MS);
  stopOnSignal(graceMs, async ({ err, ...reason }) => {
    if (err) log.fatal({ event: 'crash', err }, 'crash');
    log.info({ event: 'stopping', ...reason }, 'stopping');
    watch.stop();
    await gateway.close();
    log.info({ event: 'stopped' }, 'stopped');
  });
  for (const warning of settings.warnings) {
    log.warn({ event: 'setting', setting: warning.setting }, formatProblem(warning));
  }
  const { url, adminUrl, inboxUrl } = gateway;
  log.info(
    { event: 'started', version, url, adminUrl, inboxUrl, node: process.version, ...describeSettings(settings) },
    'started',
  );
  if (settings.demo) process.stderr.write(banner(gateway));
} catch (err) {
  log.fatal({ event: 'start_failed', err }, 'start failed');
  process.stderr.write(`The gateway could not start: ${reason(err)}\n`);
  process.exit(1);
}

function readSettings(): LoadedSettings {
  try {
    return loadSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Gives the message for the terminal. Start-up errors concern files, ports and settings, never a lead. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Gives the text that the demo prints on a terminal: a command to try, the demo page, the reference and the inbox. */
function banner({ url, inboxUrl, adminUrl }: Pick<Gateway, 'url' | 'inboxUrl' | 'adminUrl'>): string {
  const body =
    '{"site":"demo","advertiserId":"1659","consumer":{"phone":"(404) 555-1212","question":"Is it still available?"}}';
  return `
  Text Connect Gateway runs at ${url}

  Try it:     curl -i ${url}/conversations -H 'content-type: application/json' -d '${body}'
              (sent again within ten minutes it is the same request and gets the same answer: change the question)
  Demo page:  ${url}/demo
  Reference:  ${url}/docs
${adminUrl ? `  Console:    ${adminUrl}/console  (for operators: what became of each lead)\n` : ''}${inboxUrl ? `  Inbox:      ${inboxUrl}  (the simulator shows delivered leads; PHONE_DAILY_MAX limits the leads of one number per day)\n` : ''}
`;
}
