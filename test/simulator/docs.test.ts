import { readFileSync } from 'node:fs';
import path from 'node:path';
import parsePhoneNumber from 'libphonenumber-js/max';
import t from 'tap';
import { FAULTS, nationalOf } from '../../src/simulator/faults/table.ts';
import { createPlan } from '../../src/simulator/plan.ts';

const GUIDE = path.join(import.meta.dirname, '../../docs/simulator.md');

t.test('the guide lists every fault with its number, and whether the provider has the lead', async (t) => {
  const documented = readFileSync(GUIDE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| +1 404 555 20'));
  const expected = FAULTS.map(({ name, line, got, summary }) => {
    const number = `+1 404 555 20${String(line).padStart(2, '0')}`;
    return `| ${number} | \`${name}\` | ${got ? 'yes' : 'no'} | ${summary} |`;
  });
  t.strictSame(documented, expected);
});

t.test('each number asks for its own fault, is in the order of the table and passes for a number', async (t) => {
  const plan = createPlan();
  for (const fault of FAULTS) {
    t.equal(plan.otherwise(`1${nationalOf(fault)}`).fault, fault, fault.name);
    t.ok(parsePhoneNumber(`+1${nationalOf(fault)}`)?.isValid(), `${fault.name}: a valid number`);
  }
  const lines = FAULTS.map(({ line }) => line);
  t.strictSame(
    lines,
    [...lines].sort((a, b) => a - b),
  );
});
