import { DEFAULT_WIRE } from '../../conversation/provider-account.ts';
import { DEFAULT_REGION } from '../defaults.ts';
import { type Static, type TSchema, Type } from './type.ts';
import * as value from './values.ts';

/**
 * One setting of the environment.
 * - `schema`: its type, rule, description, and in `errorMessage` what would be right
 * - `fallback`: its value where it is unset; a variable without one is then absent
 * - `secret`: a credential; it appears in no message, summary or example
 * - `twin`: false where the setting is a file's path already, so that it has no `…_FILE`
 */
export type Variable = {
  readonly schema: TSchema;
  readonly fallback?: unknown;
  readonly secret?: true;
  readonly twin?: false;
};

const path = (description: string) => Type.String({ description, maxLength: 4096, errorMessage: "use a file's path" });

/** Every setting that the program reads from its environment: a new one is a row here and a line in `.env.example`. */
export const VARIABLES = {
  NODE_ENV: {
    schema: value.choice(['production', 'development', 'test'], {
      description: 'production refuses to start with anything missing, and has no demo.',
    }),
    fallback: 'development',
  },
  LOG_LEVEL: {
    schema: value.choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      description: 'Least severe level that is logged.',
    }),
    fallback: 'info',
  },
  HOST: {
    schema: Type.String({
      description: 'Address of the public listener.',
      format: 'host',
      errorMessage: 'use an IP address or host name',
    }),
    fallback: '127.0.0.1',
  },
  PORT: {
    schema: value.integer(0, 65535, { description: 'Port of the public listener; 0 takes any free one.' }),
    fallback: 8080,
  },
  TLS_CERT_FILE: {
    schema: path('Certificate chain in PEM. With its key, the public listener speaks HTTPS itself.'),
    twin: false,
  },
  TLS_KEY_FILE: { schema: path('Private key of the certificate, in PEM.'), twin: false },
  TRUST_PROXY: {
    schema: Type.Array(Type.String({ format: 'cidr', errorMessage: 'use a CIDR block' }), {
      description: 'CIDR blocks of your own proxies, separated by commas; X-Forwarded-For is believed from them alone.',
      errorMessage: 'use CIDR blocks such as 10.0.0.0/8,2001:db8::/32',
    }),
    fallback: [],
  },
  CONFIG_FILE: { schema: path('File of sites, partners and provider accounts.'), twin: false },
  PROVIDER_ID: { schema: value.ProviderId },
  PROVIDER_USERNAME: { schema: value.Username, secret: true },
  PROVIDER_PASSWORD: { schema: value.Password, secret: true },
  UPSTREAM_REGION: { schema: value.RegionName, fallback: DEFAULT_REGION },
  UPSTREAM_URL: { schema: value.Endpoint },
  UPSTREAM_XML_ROOT: { schema: value.XmlRoot, fallback: DEFAULT_WIRE.root },
  UPSTREAM_XML_NAMESPACE: { schema: value.XmlNamespace },
  UPSTREAM_XML_ORDER: { schema: value.XmlOrder, fallback: DEFAULT_WIRE.order },
  UPSTREAM_CONTENT_TYPE: { schema: value.ContentType, fallback: DEFAULT_WIRE.contentType },
  LISTING_DETAILS_FORMAT: { schema: value.ListingFormat, fallback: DEFAULT_WIRE.listingFormat },
  UPSTREAM_TIMEOUT_MS: {
    // A lease lasts 60 s, and a call must have ended well before it.
    schema: value.integer(100, 45_000, { description: 'Bound on one whole call to the provider, in milliseconds.' }),
    fallback: 10_000,
  },
  DELIVER_WAIT_MS: {
    // The listener gives up on a request after 15 s.
    schema: value.integer(0, 12_000, {
      description: 'How long a caller waits for the provider before it is answered 202, in milliseconds.',
    }),
    fallback: 4000,
  },
  UNKNOWN_OUTCOME: { schema: value.UnknownOutcome, fallback: 'resend' },
  UNKNOWN_RESEND_MAX: {
    schema: value.integer(0, 30, { description: 'How often such a lead is sent again.' }),
    fallback: 2,
  },
  RETRY_SCHEDULE_S: {
    schema: Type.Array(value.integer(1, 604_800, { description: 'Seconds before one further try.' }), {
      description: 'Seconds before each further try, separated by commas; then the lead waits for a person.',
      minItems: 1,
      maxItems: 30,
      errorMessage: 'use 1 to 30 integers from 1 to 604800, such as 5,30,120',
    }),
    fallback: [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200],
  },
  DATABASE_URL: {
    schema: Type.String({
      description: 'Where leads are stored: sqlite: and the path of a file, or the address of a Postgres database.',
      maxLength: 4096,
      format: 'database',
      errorMessage: 'use sqlite: and a path, or postgres://user:password@host/database',
    }),
    fallback: 'sqlite:./data/gateway.db',
  },
  DATABASE_POOL_MAX: {
    schema: value.integer(2, 100, {
      description: 'Connections of one process to Postgres at most, beside one that waits for notifications.',
    }),
    fallback: 10,
  },
  REDIS_URL: {
    schema: Type.String({
      description: 'Redis or Valkey in which all replicas count visitors and partners together. Better kept in a file.',
      maxLength: 2048,
      format: 'redis',
      errorMessage: 'use a URL such as redis://redis.example:6379',
    }),
    secret: true,
  },
  RATE_LIMIT_MAX: {
    schema: value.integer(1, 1_000_000, { description: 'Leads that one visitor may send to a site in a window.' }),
    fallback: 10,
  },
  RATE_LIMIT_WINDOW_S: {
    schema: value.integer(1, 86_400, { description: 'Length of that window in seconds.' }),
    fallback: 60,
  },
  VISITOR_DAILY_MAX: {
    schema: value.integer(1, 1_000_000, { description: 'Leads that one visitor may send to a site by UTC day.' }),
    fallback: 50,
  },
  PHONE_DAILY_MAX: { schema: value.PhoneDailyMax, fallback: 5 },
  SITE_DAILY_MAX: { schema: value.SiteDailyMax, fallback: 2000 },
  DATA_KEY: { schema: value.SecretKey('Encrypts leads at rest. Required in production.'), secret: true },
  DATA_KEY_PREVIOUS: {
    schema: Type.Array(value.SecretKey('One other key.'), {
      description:
        'Other keys that open what they sealed, separated by commas: those that were DATA_KEY before, or the one that is going to be.',
      maxItems: 16,
      errorMessage: 'use up to 16 keys of 32 bytes in base64, separated by commas',
    }),
    fallback: [],
    secret: true,
  },
  HASH_KEY: {
    schema: value.SecretKey('Makes the hashes that numbers are found by; never to be changed. Required in production.'),
    secret: true,
  },
  RETENTION_DAYS: {
    schema: value.integer(1, 3650, { description: "Days that a final lead's personal data is kept." }),
    fallback: 30,
  },
  ADMIN_PORT: {
    schema: value.integer(0, 65535, { description: "Port of the operators' listener; 0 takes any free one." }),
  },
  ADMIN_HOST: {
    schema: Type.String({
      description: "Address of the operators' listener.",
      format: 'host',
      errorMessage: 'use an IP address or host name',
    }),
    fallback: '127.0.0.1',
  },
  ADMIN_TOKEN: { schema: value.token(32, "Token of the operators' listener."), secret: true },
  METRICS_TOKEN: { schema: value.token(16, 'Token that reads /metrics and nothing else.'), secret: true },
  SIMULATOR_PORT: {
    schema: value.integer(0, 65535, { description: 'Port of the bundled simulator; 0 takes any free one.' }),
    fallback: 8090,
  },
} as const satisfies Record<string, Variable>;

type Rows = typeof VARIABLES;
export type VariableName = keyof Rows;

/** The variables' values: of the right type, and absent only where nothing was set and the row has no fallback. */
export type Values = {
  readonly [Name in VariableName]:
    | Static<Rows[Name]['schema']>
    | (Rows[Name] extends { readonly fallback: unknown } ? never : undefined);
};
