import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ROLES, type Role } from '../../domain/operator.ts';
import { AdminProblem } from './problem.ts';

/** `metrics`: reads `/metrics` and nothing else. Each role may do what the ones before it may. */
export type AdminRole = 'metrics' | Role;
const ORDER: readonly AdminRole[] = ['metrics', ...ROLES];

/** The sender of a request, by its token. */
export type Principal = { readonly name: string; readonly role: AdminRole };

/**
 * The role that each route needs. A route that is not listed here cannot be registered. A lead's page needs another role where
 * it shows personal data.
 */
export const NEEDED_ROLE: Readonly<Record<string, AdminRole>> = {
  'GET /metrics': 'metrics',
  'GET /openapi.json': 'viewer',
  'GET /leads': 'viewer',
  'GET /leads/:id': 'viewer',
  'GET /leads/:id?reveal=true': 'operator',
  'POST /leads/search': 'operator',
  'POST /leads/replay': 'operator',
  'POST /leads/release': 'operator',
  'POST /leads/retry': 'operator',
  'POST /leads/erase': 'operator',
  'GET /suppressions': 'viewer',
  'POST /suppressions': 'operator',
  'DELETE /suppressions': 'operator',
  'GET /consents': 'operator',
  'GET /stats': 'viewer',
  'GET /stats/waiting': 'viewer',
  'GET /state': 'viewer',
  'GET /partners/:key/reconciliations/:date': 'viewer',
  'GET /audit': 'admin',
  'POST /providers/:key/release': 'operator',
  ...entryRoles('/sites'),
  ...entryRoles('/partners'),
  ...entryRoles('/providers'),
};

/** Contents of entries may hold a URL that works as a credential, so a viewer sees lists alone. */
function entryRoles(path: string): Readonly<Record<string, AdminRole>> {
  return {
    [`GET ${path}`]: 'viewer',
    [`GET ${path}/:key`]: 'operator',
    [`GET ${path}/:key/history`]: 'operator',
    [`GET ${path}.jsonl`]: 'operator',
    [`PUT ${path}/:key`]: 'admin',
    [`DELETE ${path}/:key`]: 'admin',
    [`POST ${path}.jsonl`]: 'admin',
  };
}

/** Refuses to register a route without a role. HEAD needs the role of GET. */
export function requireRoles(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url }) => {
    // The console has its own table, in the options of its routes.
    if (isConsolePath(url)) return;
    for (const one of [method].flat()) {
      if (NEEDED_ROLE[nameOf(one, url)] === undefined)
        throw new Error(`${one} ${url} has no role in src/admin/api/roles.ts.`);
    }
  });
}

/**
 * Checks that the sender of a request has the role that the request needs. A missing path or method is answered to viewers too.
 *
 * @throws AdminProblem 403, which names the role that is needed
 */
export function checkRole(request: FastifyRequest, { name, role }: Principal): void {
  const needed = neededRole(request);
  if (ORDER.indexOf(role) >= ORDER.indexOf(needed)) return;
  if (role === 'metrics') throw new AdminProblem(403, 'admin_token_required', 'The metrics token opens /metrics only.');
  throw new AdminProblem(403, 'role_required', `This needs the role ${needed}; ${name} has the role ${role}.`);
}

function neededRole({ method, routeOptions: { url }, query }: FastifyRequest): AdminRole {
  if (url === undefined) return 'viewer';
  const route = nameOf(method, url);
  const { reveal } = (query ?? {}) as { reveal?: unknown };
  const revealing = reveal === undefined || reveal === 'false' ? undefined : NEEDED_ROLE[`${route}?reveal=true`];
  return revealing ?? NEEDED_ROLE[route] ?? 'admin';
}

/** Whether a path belongs to the console, which has sessions instead of tokens in headers. */
export function isConsolePath(url: string): boolean {
  return /^\/console(?:[/?]|$)/.test(url);
}

function nameOf(method: string, url: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`;
}
