import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';

const options = /^ENV NODE_OPTIONS=(\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '';

t.test('containers have the memory limit that the gateway is proven to keep to', async (t) => {
  // test/process/floods.test.ts runs with half of this as its heap.
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'));
  for (const name of ['gateway', 'replica']) t.equal(services[name].mem_limit, '512m', name);
  const { spec } = parse(readFileSync('deploy/kubernetes/deployment.yaml', 'utf8'));
  t.equal(spec.template.spec.containers[0].resources.limits.memory, '512Mi');
});

t.test('node takes the option by which the image gives half of that to the heap', async (t) => {
  t.equal(options, '--max-old-space-size-percentage=50');
  const { status, stderr } = spawnSync(process.execPath, ['-e', '0'], {
    env: { NODE_OPTIONS: options },
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
});
