import type { Environment } from './environment.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';

const ANY_ADDRESS = ['0.0.0.0', '::'];

/** The operators' listener has a port and a token or neither, and does not stand in the public one's way. */
export function checkAdmin({ values, given }: Environment): Problem[] {
  const problems: Problem[] = [];
  const refuse = (setting: string, problem: string, fix: string) => problems.push({ setting, problem, fix });
  if (given('ADMIN_PORT') && !given('ADMIN_TOKEN')) {
    refuse('ADMIN_TOKEN', 'is not set, and ADMIN_PORT is', 'set it, as openssl rand -base64 32 prints one');
  }
  for (const token of ['ADMIN_TOKEN', 'METRICS_TOKEN'] as const) {
    if (given(token) && !given('ADMIN_PORT')) {
      refuse(token, 'is set, and there is no admin listener', 'set ADMIN_PORT too, or unset this one');
    }
  }
  const { ADMIN_TOKEN: token, METRICS_TOKEN: metrics } = values;
  if (metrics !== undefined && metrics === token) {
    refuse('METRICS_TOKEN', 'is the same as ADMIN_TOKEN', 'use another, since whoever reads metrics may read no more');
  }
  if (collides(values)) {
    refuse('ADMIN_PORT', 'is the port of the public listener', 'use another port, such as 9090');
  }
  return problems;
}

function collides({ PORT, HOST, ADMIN_PORT, ADMIN_HOST }: Environment['values']): boolean {
  if (ADMIN_PORT === 0 || ADMIN_PORT !== PORT) return false;
  return HOST === ADMIN_HOST || ANY_ADDRESS.includes(HOST) || ANY_ADDRESS.includes(ADMIN_HOST);
}

/** The operators' listener, where there is one. */
export function buildAdmin({ values }: Environment): Settings['admin'] {
  const { ADMIN_HOST: host, ADMIN_PORT: port, ADMIN_TOKEN: token } = values;
  return port === undefined || token === undefined ? undefined : { host, port, token };
}
