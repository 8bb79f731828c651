import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyCorsOptions, FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import helmet, { type HelmetOptions } from 'helmet';
import type { Site } from '../domain/site.ts';
import { derived } from '../lib/derived.ts';
import type { KnownPaths } from './known-paths.ts';

/** Seconds for which a browser need not ask again; Chromium keeps a preflight for two hours at most. */
const PREFLIGHT_MAX_AGE_S = 7200;

/**
 * Which pages may read our answers: the union of all sites' origins, any as soon as one site takes any. CORS authorises
 * nobody (a foreign page's POST still runs); a lead's own origin is checked by its site. The button itself is public.
 */
export function corsDelegate(
  sites: () => ReadonlyMap<string, Site>,
  known: KnownPaths,
): FastifyCorsOptionsDelegateCallback {
  const data = dataOptions(sites);
  return ({ url, method }, answer) => {
    const options = url.startsWith('/widget/') ? PUBLIC_FILES : data;
    // The preflight of a path that does not exist goes on to its 404.
    const nowhere = method === 'OPTIONS' && known(url).length === 0;
    answer(null, nowhere ? { ...options, preflight: false } : options);
  };
}

const PUBLIC_FILES: FastifyCorsOptions = {
  origin: '*',
  methods: ['GET'],
  maxAge: PREFLIGHT_MAX_AGE_S,
  strictPreflight: false,
};

function dataOptions(sites: () => ReadonlyMap<string, Site>): FastifyCorsOptions {
  const allowed = derived(sites, unionOfOrigins);
  return {
    origin(origin, answer) {
      const origins = allowed();
      answer(null, origins === '*' || origins.has(origin ?? ''));
    },
    methods: ['GET', 'POST'],
    allowedHeaders: ['Content-Type', 'Idempotency-Key'],
    exposedHeaders: 'Retry-After, RateLimit, RateLimit-Policy, Location, Idempotency-Replayed',
    maxAge: PREFLIGHT_MAX_AGE_S,
    strictPreflight: false,
  };
}

function unionOfOrigins(sites: ReadonlyMap<string, Site>): '*' | ReadonlySet<string> {
  const origins = [...sites.values()].map((site) => site.origins);
  return origins.includes('*') ? '*' : new Set(origins.flatMap((some) => [...some]));
}

/**
 * A policy for answers that are data: nothing in them may run or be framed. They are read by buttons on other origins,
 * so their resource policy is `cross-origin`. HSTS is ours to send only where we speak TLS ourselves.
 */
function policy(tls: boolean): HelmetOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: tls && { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    // What these are about (DNS prefetching of links, Flash, old Internet Explorers, pages' processes) data does not have.
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  };
}

/** The headers of that policy by name. None depends on the request, so that they are made once and not for each. */
export function securityHeaders(tls: boolean): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  helmet(policy(tls))({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}
