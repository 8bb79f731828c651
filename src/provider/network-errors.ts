/** Why a reply broke off after its status line, as a stable word. */
export type BrokenReply = 'timeout' | 'truncated' | 'too_large' | 'bad_http';

/** Error codes of Node and undici that can only occur before the first byte of a request is written. */
const BEFORE_WRITING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  EPROTO: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  CERT_REVOKED: 'tls',
  CERT_UNTRUSTED: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

/** The cause of a request that failed before its first byte was written. An error without an entry is `connect`. */
export function causeBeforeWriting(error: unknown): string {
  const code = codeOf(error);
  return BEFORE_WRITING[code] ?? (/^ERR_(?:TLS|SSL)_/.test(code) ? 'tls' : 'connect');
}

/** The cause of a request that was written, or may have been, and got no status line. */
export function causeWithoutReply(error: unknown): string {
  const cause = causeOfBrokenReply(error);
  return cause === 'truncated' ? 'reset' : cause;
}

/** The cause of a reply that broke off after its status line. */
export function causeOfBrokenReply(error: unknown): BrokenReply {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  // Errors of undici's HTTP parser have a name and no code.
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || (error instanceof Error && error.name === 'HTTPParserError')) {
    return 'bad_http';
  }
  return 'truncated';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
