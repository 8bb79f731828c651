/** A file of this machine's, by its absolute path. */
export type SqlitePlace = { readonly kind: 'sqlite'; readonly path: string };

/** A database of a server. With `tls` its certificate is verified, against `rootCertFile` or the authorities that Node knows. */
export type PostgresPlace = {
  readonly kind: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly tls?: { readonly rootCertFile?: string };
  /** Connections of one process at most. */
  readonly poolMax: number;
};

/** A Redis or Valkey server. `database` is its number there. */
export type RedisServer = {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
};

export type TlsFiles = { readonly certFile: string; readonly keyFile: string };
