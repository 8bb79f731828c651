/** A file on this machine, by its absolute path. */
export type SqlitePlace = { readonly kind: 'sqlite'; readonly path: string };

/**
 * A database on a server. With `tls` the server's certificate is verified against `rootCertFile`, or else against the
 * authorities that Node knows. Without `tls` the connection is not encrypted.
 */
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

/** Where leads are stored: a file on this machine, or a database that several replicas share. */
export type Place = SqlitePlace | PostgresPlace;

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
