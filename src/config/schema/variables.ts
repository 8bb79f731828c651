import type { XStatic } from 'typebox/schema';
import { DEFAULT_WIRE } from '../../domain/wire.ts';
import { DEFAULT_REGION } from '../defaults.ts';
import { OPERATION_VARIABLES, type Variable } from './operation-variables.ts';
import * as value from './values.ts';

export type { Variable };

const path = (description: string) =>
  ({ type: 'string', description, maxLength: 4096, errorMessage: "use a file's path" }) as const;

/**
 * Every setting that the program reads from its environment. A new one is a row here and a line in `.env.example`;
 * `npm run settings-docs` writes its description into `docs/settings.md`.
 */
export const VARIABLES = {
  NODE_ENV: {
    schema: value.choice(['production', 'development', 'test'], {
      description:
        'Production is the default beside CONFIG_FILE: the program refuses to start while a required setting is missing, and offers no demo. development relaxes these rules, and the log says at the start what is open.',
    }),
  },
  LOG_LEVEL: {
    schema: value.choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      description: 'Lowest severity that is logged.',
    }),
    fallback: 'info',
  },
  HOST: {
    schema: {
      type: 'string',
      description:
        'Address of the public listener. The container image sets 0.0.0.0. Without CONFIG_FILE it is a loopback address, except with NODE_ENV=development.',
      format: 'host',
      errorMessage: 'use an IP address or host name',
    },
    fallback: '127.0.0.1',
  },
  PORT: {
    schema: value.integer(0, 65535, { description: 'Port of the public listener; 0 selects any free port.' }),
    fallback: 8080,
  },
  MAX_CONNECTIONS: {
    schema: value.integer(1, 1_000_000, {
      description:
        'Largest number of open connections of the public listener; further ones are closed at once, and requests on the last twentieth are answered 503. On Linux it is kept below the limit of open files.',
    }),
    fallback: 5000,
  },
  TLS_CERT_FILE: {
    schema: path(
      'Certificate chain in PEM. With TLS_KEY_FILE also set, the public listener serves HTTPS. Read again when it changes.',
    ),
    twin: false,
  },
  TLS_KEY_FILE: { schema: path('Private key of that certificate, in PEM.'), twin: false },
  TRUST_PROXY: {
    schema: {
      type: 'array',
      items: { type: 'string', format: 'cidr', errorMessage: 'use a CIDR block' },
      description:
        'CIDR blocks of your own proxies, separated by commas. X-Forwarded-For is used only when it comes from one of them.',
      errorMessage: 'use CIDR blocks such as 10.0.0.0/8,2001:db8::/32',
    },
    fallback: [],
  },
  CONFIG_FILE: {
    schema: path(
      'JSON file with sites, partners and provider accounts; see gateway.config.example.jsonc. Without it there is only the demo site, on loopback addresses.',
    ),
    twin: false,
  },
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
    schema: value.integer(100, 45_000, {
      description: 'Time limit for one whole call to the provider, in milliseconds.',
    }),
    fallback: 10_000,
  },
  DELIVER_WAIT_MS: {
    // The listener gives up on a request after 15 s.
    schema: value.integer(0, 12_000, {
      description: 'How long a request waits for the provider before it is answered with 202, in milliseconds.',
    }),
    fallback: 4000,
  },
  UNKNOWN_OUTCOME: { schema: value.UnknownOutcome, fallback: 'resend' },
  UNKNOWN_RESEND_MAX: {
    schema: value.integer(0, 30, {
      description: 'How often a lead with an unknown outcome is sent again when UNKNOWN_OUTCOME is resend.',
    }),
    fallback: 2,
  },
  RETRY_SCHEDULE_S: {
    schema: {
      type: 'array',
      items: value.integer(1, 604_800, { description: 'Delay before one further attempt, in seconds.' }),
      description:
        'Delays before the further attempts, in seconds, separated by commas; each varies by 20 percent. After the last one the lead is parked.',
      minItems: 1,
      maxItems: 30,
      errorMessage: 'use 1 to 30 integers from 1 to 604800, such as 5,30,120',
    },
    fallback: [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200],
  },
  DATABASE_URL: {
    schema: {
      type: 'string',
      description:
        'Where leads are stored: a SQLite file, or a Postgres database, which several replicas can share. docs/operations.md explains the parts of a Postgres address.',
      maxLength: 4096,
      format: 'database',
      errorMessage: 'use sqlite: and a path, or postgres://user:password@host/database',
    },
    fallback: 'sqlite:./data/gateway.db',
  },
  DATABASE_POOL_MAX: {
    schema: value.integer(2, 100, {
      description: 'Largest number of connections of one process to Postgres, in addition to one for notifications.',
    }),
    fallback: 10,
  },
  REDIS_URL: {
    schema: {
      type: 'string',
      description:
        'Redis or Valkey server in which all replicas count requests together; rediss:// for TLS. Without it each replica counts alone.',
      maxLength: 2048,
      format: 'redis',
      errorMessage: 'use a URL such as redis://redis.example:6379',
    },
    secret: true,
  },
  RATE_LIMIT_MAX: {
    schema: value.integer(1, 1_000_000, {
      description:
        'How many leads one visitor (site and address) may send within RATE_LIMIT_WINDOW_S; further ones are answered with 429.',
    }),
    fallback: 10,
  },
  RATE_LIMIT_WINDOW_S: {
    schema: value.integer(1, 86_400, { description: 'Length of the window of RATE_LIMIT_MAX, in seconds.' }),
    fallback: 60,
  },
  VISITOR_DAILY_MAX: {
    schema: value.integer(1, 1_000_000, {
      description:
        'How many leads one visitor may send to a site in a UTC day; further ones are answered with 429. All visitors of an IPv6 /56 have 4 times as many together, those of an IPv6 /48 or an IPv4 /24 16 times, but never more than half of the cap of the site.',
    }),
    fallback: 50,
  },
  PHONE_DAILY_MAX: { schema: value.PhoneDailyMax, fallback: 5 },
  PHONE_DAILY_MAX_TOTAL: {
    schema: value.integer(1, 1_000_000, {
      description:
        'How many leads of one phone number all sites together take in a UTC day; further ones are held until an operator releases them.',
    }),
    fallback: 10,
  },
  SITE_DAILY_MAX: { schema: value.SiteDailyMax, fallback: 2000 },
  DATA_KEY: { schema: value.SecretKey('Key that encrypts stored leads. Required in production.'), secret: true },
  DATA_KEY_PREVIOUS: {
    schema: {
      type: 'array',
      items: value.SecretKey('One further key.'),
      description:
        'Further keys that can decrypt stored leads, separated by commas: earlier values of DATA_KEY, or the next one during a rotation.',
      maxItems: 16,
      errorMessage: 'use up to 16 keys of 32 bytes in base64, separated by commas',
    },
    fallback: [],
    secret: true,
  },
  HASH_KEY: {
    schema: value.SecretKey(
      'Key of the hashes by which phone numbers are found. It must never change. Required in production.',
    ),
    secret: true,
  },
  RETENTION_DAYS: {
    schema: value.integer(1, 3650, {
      description: 'How many days the personal data of a lead is kept after the lead is final.',
    }),
    fallback: 30,
  },
  ...OPERATION_VARIABLES,
} as const satisfies Record<string, Variable>;

type Rows = typeof VARIABLES;
export type VariableName = keyof Rows;

/** The variables' values: of the right type, and absent only where nothing was set and the row has no fallback. */
export type Values = {
  readonly [Name in VariableName]:
    | XStatic<Rows[Name]['schema']>
    | (Rows[Name] extends { readonly fallback: unknown } ? never : undefined);
};
