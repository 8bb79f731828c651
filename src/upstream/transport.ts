/** Why a reply that had begun did not end, as a stable word. */
export type Broken = 'timeout' | 'truncated' | 'too_large' | 'bad_http';

/**
 * No status line came. `written` is false only with proof that not one byte of the request left: then it is safe to send
 * the lead again.
 */
export type NoReply = { readonly written: boolean; readonly cause: string };

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

/** Why a request failed that was never written. Anything without a name of its own is `connect`. */
export function causeBeforeWriting(error: unknown): string {
  const code = codeOf(error);
  return BEFORE_WRITING[code] ?? (/^ERR_(?:TLS|SSL)_/.test(code) ? 'tls' : 'connect');
}

/** Why no status line came back for a request that was, or may have been, written. */
export function causeWithoutReply(error: unknown): string {
  const broken = causeOfBreak(error);
  return broken === 'truncated' ? 'reset' : broken;
}

/** Why a reply broke off after its status line. */
export function causeOfBreak(error: unknown): Broken {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  // The client's parser gives its errors a name and no code.
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || (error instanceof Error && error.name === 'HTTPParserError')) {
    return 'bad_http';
  }
  return 'truncated';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
