import * as value from './values.ts';

/**
 * One setting of the environment.
 * - `schema`: its type, rule, description, and in `errorMessage` what would be right
 * - `fallback`: its value where it is unset; a variable without one is then absent
 * - `secret`: a credential; it appears in no message, summary or example
 * - `twin`: false where the setting is a file's path already, so that it has no `…_FILE`
 */
export type Variable = {
  readonly schema: object;
  readonly fallback?: unknown;
  readonly secret?: true;
  readonly twin?: false;
};

/** The settings for operating the gateway: the operators' listener, metrics, traces, and the parts of the demo. `VARIABLES` includes them. */
export const OPERATION_VARIABLES = {
  ADMIN_PORT: {
    schema: value.integer(0, 65535, {
      description: "Port of the operators' listener; 0 selects any free port. Without it there is no such listener.",
    }),
  },
  ADMIN_HOST: {
    schema: {
      type: 'string',
      description: "Address of the operators' listener.",
      format: 'host',
      errorMessage: 'use an IP address or host name',
    },
    fallback: '127.0.0.1',
  },
  ADMIN_TOKEN: {
    schema: value.token(32, "Bearer token of the operators' listener. Required with ADMIN_PORT."),
    secret: true,
  },
  METRICS_TOKEN: { schema: value.token(16, 'Bearer token that can read /metrics and nothing else.'), secret: true },
  METRICS_SITES: {
    schema: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$', errorMessage: 'use the key of a site' },
      maxItems: 100,
      description:
        'Keys of the sites that have their own label in metrics, separated by commas. All other sites share the label other.',
      errorMessage: 'use up to 100 keys of sites such as motors,homes',
    },
    fallback: [],
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: {
      type: 'string',
      description:
        'Base URL of an OpenTelemetry collector that takes OTLP over HTTP; traces go to its path /v1/traces. Without it nothing is traced.',
      maxLength: 2048,
      format: 'collector',
      errorMessage: 'use an http or https URL such as http://collector.example:4318',
    },
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    schema: {
      type: 'string',
      description: 'Headers of every export, such as the token of the collector.',
      maxLength: 4096,
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+=[!-+\\--~]*(,[!#$%&'*+.^_`|~0-9A-Za-z-]+=[!-+\\--~]*)*$",
      errorMessage: 'use name=value pairs that commas separate, with percent-encoded values',
    },
    secret: true,
  },
  OTEL_SERVICE_NAME: {
    schema: {
      type: 'string',
      description: 'Name of this service in traces.',
      pattern: '^[ -~]{1,255}$',
      errorMessage: 'use 1 to 255 visible ASCII characters',
    },
    fallback: 'text-connect-gateway',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    schema: {
      type: 'string',
      description:
        'Share of the traces that is kept, from 0 to 1. A request that continues a trace is kept exactly if its parent was.',
      pattern: '^(0|1|0?\\.[0-9]{1,9}|1\\.0{1,9})$',
      errorMessage: 'use a number from 0 to 1, such as 0.1',
    },
    fallback: '1',
  },
  CONSOLE_PORT: {
    schema: value.integer(0, 65535, {
      description:
        "Port of the operators' console in the demo, which opens it on 127.0.0.1 without a log-in; 0 selects any free port. Elsewhere the console is on ADMIN_PORT.",
    }),
    fallback: 8091,
  },
  SIMULATOR_HOST: {
    schema: {
      type: 'string',
      description:
        'Address of the bundled simulator. It has no access control: a loopback address, except in a container with NODE_ENV=development.',
      format: 'host',
      errorMessage: 'use an IP address or host name',
    },
    fallback: '127.0.0.1',
  },
  SIMULATOR_PORT: {
    schema: value.integer(0, 65535, {
      description: 'Port of the bundled simulator, which the demo starts; 0 selects any free port.',
    }),
    fallback: 8090,
  },
} as const satisfies Record<string, Variable>;
