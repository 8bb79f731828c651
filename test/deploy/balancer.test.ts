import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { read } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';

t.setTimeout(240_000);

const CONFIG = 'deploy/compose/haproxy.cfg';
/** Where the balancer calls replicas from, so that it is another address than that of its visitors here. */
const BALANCER = '127.0.0.9';
const NO_BALANCER =
  spawnSync('haproxy', ['-v']).status === 0 ? false : 'no haproxy on this machine: apt-get install haproxy';

/** A visitor may send two leads in the time of a test. */
const LIMITED = { RATE_LIMIT_MAX: '2', RATE_LIMIT_WINDOW_S: '600' };

/** The balancer under its own configuration but for addresses, which no container network gives here. */
async function startBalancer(t: Test, { all }: Replicas): Promise<string> {
  const port = await freePort();
  const servers = all.map(({ url }, index) => `  server replica${index + 1} ${new URL(url).host} source ${BALANCER}`);
  const text = readFileSync(CONFIG, 'utf8')
    .replace('bind :8000', `bind 127.0.0.1:${port}`)
    .replace(/^ *server-template .*$/m, servers.join('\n'));
  t.match(text, servers[0]);
  const file = join(t.testdirName, 'haproxy.cfg');
  writeFileSync(file, text);
  const balancer = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  t.teardown(async () => {
    if (balancer.exitCode !== null) return;
    balancer.kill('SIGKILL');
    await once(balancer, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually('the balancer answers', 10_000, async () => {
    const answer = await fetch(`${url}/balancer`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return url;
}

t.test('HAProxy accepts the configuration', { skip: NO_BALANCER }, async (t) => {
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', CONFIG], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.notMatch(stderr, /WARNING|ALERT/);
});

t.test('X-Forwarded-For of a client is not trusted through the balancer', { skip: NO_BALANCER }, async (t) => {
  const replicas = await startReplicas(t, 2, { ...LIMITED, TRUST_PROXY: BALANCER });
  const url = await startBalancer(t, replicas);
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) statuses.push((await replicas.lead(`203.0.113.${n}`, url)).status);
  t.equal(statuses.filter((status) => status === 201).length, 2 * 2, 'twice at each replica');
  const [replica] = replicas.all;
  t.match(await replica?.line(({ event }) => event === 'proxy_not_trusted'), { msg: /TRUST_PROXY/ });
  t.equal(replica?.lines.filter(({ event }) => event === 'proxy_not_trusted').length, 1, 'one warning');
});

t.test('a proxy in front of the balancer is trusted when it is in TRUST_PROXY', { skip: NO_BALANCER }, async (t) => {
  const replicas = await startReplicas(t, 1, { ...LIMITED, TRUST_PROXY: `${BALANCER},127.0.0.1` });
  const url = await startBalancer(t, replicas);
  for (let n = 0; n < 6; n += 1) t.equal((await replicas.lead(`203.0.113.${n}`, url)).status, 201);
  for (const status of [201, 429]) t.equal((await replicas.lead('203.0.113.1', url)).status, status);
  t.notOk(replicas.all[0]?.lines.some(({ event }) => event === 'proxy_not_trusted'));
});

t.test(
  'while one replica stops and another dies under load every request gets an answer',
  { skip: NO_BALANCER },
  async (t) => {
    const replicas = await startReplicas(t, 3);
    await replicas.provider.answer('delivered', { delayMs: 20 });
    const url = await startBalancer(t, replicas);
    let counts = new Map<number, number>();
    let sent = 0;
    let over = false;
    const caller = async (): Promise<void> => {
      while (!over) {
        const { status } = await replicas.lead('203.0.113.9', url);
        sent += 1;
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    };
    const callers = [caller(), caller(), caller(), caller(), caller(), caller()];
    for (const [index, signal, allowed] of [
      [0, 'SIGTERM', [201]],
      [1, 'SIGKILL', [201, 202, 409]],
    ] as const) {
      const before = sent;
      await replicas.all[index]?.end(signal);
      await eventually('callers go on', 10_000, () => (sent > before + 100 ? true : undefined));
      const answered = counts;
      counts = new Map();
      t.comment(signal, JSON.stringify([...answered]));
      t.strictSame(
        [...answered.keys()].filter((status) => !allowed.some((each) => each === status)),
        [],
        signal,
      );
      t.ok((answered.get(201) ?? 0) > 90);
    }
    over = true;
    await Promise.all(callers);
    t.ok([...counts.keys()].every((status) => status === 201));
    t.equal((await read(url, '/readyz')).status, 200);

    await replicas.all[2]?.end('SIGKILL');
    const status = await eventually('the balancer notices', 10_000, async () => {
      const answer = await fetch(`${url}/balancer`);
      return answer.status === 200 ? undefined : answer.status;
    });
    t.equal(status, 503, 'a balancer without a gateway is unhealthy');
  },
);
