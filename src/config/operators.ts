import { hash } from 'node:crypto';
import { ADMIN_NAME, type Operator } from '../domain/operator.ts';
import { DAY_MS } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import type { Environment } from './environment.ts';
import type { Findings } from './findings.ts';
import { keyHashBytes } from './formats/formats.ts';
import type { FileContent } from './schema/file.ts';

/** Checks what the schema cannot: that every token is one operator's only, and that no operator has the name of `ADMIN_TOKEN`. */
export function checkOperators(content: FileContent, findings: Findings, { values }: Environment): void {
  if (content.operators === undefined || !findings.sound('/operators')) return;
  const owners = new Map<string, string>();
  for (const name of ['ADMIN_TOKEN', 'METRICS_TOKEN'] as const) {
    const token = values[name];
    if (token !== undefined) owners.set(hash('sha256', token, 'hex'), name);
  }
  for (const [name, { tokenHash }] of Object.entries(content.operators)) {
    const at = `/operators/${name}`;
    if (name === ADMIN_NAME)
      findings.add(at, { problem: 'is the name of whoever has ADMIN_TOKEN', fix: "use the operator's own name" });
    if (!findings.sound(`${at}/tokenHash`) || tokenHash === undefined) continue;
    const digest = keyHashBytes(tokenHash).toString('hex');
    const owner = owners.get(digest);
    if (owner !== undefined) {
      const problem = owner in values ? `is the hash of ${owner}` : `is the token of the operator ${owner} too`;
      findings.add(`${at}/tokenHash`, { problem, fix: 'make a token of its own with keys new --operator' });
    }
    owners.set(digest, name);
  }
}

/** Builds the operators of a valid file. */
export function buildOperators(content: FileContent): ReadonlyMap<string, Operator> {
  return new Map(
    Object.entries(content.operators ?? {}).map(([name, { tokenHash, role, expires }]) => [
      name,
      defined({
        name,
        role,
        tokenHash: keyHashBytes(tokenHash),
        expiresAt: expires === undefined ? undefined : endOf(expires),
      }),
    ]),
  );
}

/** A date means its last moment, as in "valid until". */
function endOf(expires: string): number {
  const time = Date.parse(expires);
  return expires.includes('T') ? time : time + DAY_MS;
}
