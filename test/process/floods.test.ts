import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, post } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';

/** Half of the memory limit of the containers (512 MiB), as the image sets it. */
const HEAP = '--max-old-space-size=256';
const PEAK_MAX_MIB = 400;
const LEADS = 40;
const ADMIN_TOKEN = 'admin-token-'.repeat(3);

t.setTimeout(300_000);

async function setup(t: Test) {
  const provider = await startProvider(t);
  const gateway = await startGateway(t, {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${join(memoryFolder(t), 'gateway.db')}`,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    NODE_OPTIONS: HEAP,
  });
  const { adminUrl } = await gateway.line(({ event }) => event === 'started');
  return { gateway, adminUrl: String(adminUrl) };
}

/** The process's peak resident memory (`VmHWM`), in MiB. */
function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Opens a connection that sends all bytes, reads nothing and stays open until the gateway closes it. */
function flood(url: string, bytes: Buffer): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(bytes);
  return socket;
}

for (const [connections, requests, what, path] of [
  [100, 2_000, 'reads that are refused', '/nope'],
  [400, 1_300, 'health checks', '/healthz'],
] as const) {
  t.test(
    `${connections} connections with ${requests} pipelined ${what} each, unread, cost little memory`,
    async (t) => {
      const { gateway, adminUrl } = await setup(t);
      const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: gateway.test\r\n\r\n`.repeat(requests));
      const floods = Array.from({ length: connections }, (_, n) => flood(n % 10 === 0 ? adminUrl : gateway.url, bytes));
      t.teardown(() => {
        for (const socket of floods) socket.destroy();
      });
      const answers: unknown[] = [];
      for (let n = 0; n < LEADS; n += 1) answers.push((await post(gateway.url, leadOf(n)))?.status);
      await eventually('the end of every flood', 60_000, () => {
        const ended = gateway.lines.filter(({ event }) => event === 'connection_ended');
        return ended.length >= connections ? ended : undefined;
      });
      t.strictSame(new Set(answers), new Set([201]), 'every lead was delivered meanwhile');
      const peak = peakMiB(gateway.pid);
      t.comment(`${Math.round(peak)} MiB`);
      t.ok(peak <= PEAK_MAX_MIB, `${Math.round(peak)} MiB at most`);
      t.match(await gateway.end('SIGTERM'), { code: 0 });
    },
  );
}
