import type { Outcome } from '../../domain/provider.ts';

/** What an integrator does after a trial lead got this outcome. */
export function adviceOn(outcome: Outcome, httpStatus: number | undefined): string {
  const cause = 'cause' in outcome ? outcome.cause : '';
  const description = 'description' in outcome ? (outcome.description ?? '') : '';
  switch (outcome.class) {
    case 'delivered':
      return 'Look at the conversation in the agent console: every value has to be there, the listing and the question in particular. A service of WCF silently ignores an element that it does not expect.';
    case 'rejected':
      return 'The document was read. Use a number of your own that takes texts, and a merchant of this account.';
    case 'credentials':
      if (NAMES_MISSING.test(description)) return MISSING;
      return 'The document was probably read, and the account refused. Compare PROVIDER_ID, PROVIDER_USERNAME and PROVIDER_PASSWORD with the portal; if they are right, the service may not see them: check namespace and order with wire learn.';
    case 'not_sent':
      return notSent(cause);
    case 'refused':
      return refused(cause, description);
    case 'unknown':
      return unreadable(cause, httpStatus);
  }
}

/** A text about a value that the service did not get. */
const NAMES_MISSING = /\brequired\b|\bmissing\b|\bnull\b|\bempty\b|\bnot (?:specified|supplied|provided)\b/i;
const MISSING =
  'The service says that a value is missing. If the document above has it, the service did not read it: its namespace or place is wrong. Compare with a sample that works: wire learn.';

function notSent(cause: string): string {
  if (cause === 'dns' || cause === 'refused' || cause === 'unreachable') {
    return 'No connection was possible. Compare UPSTREAM_URL or the region with what the provider gave you, and ask whether it has to allow your address.';
  }
  if (cause === 'tls')
    return "The certificate of the host is not accepted. Check the host's name, and the clock of this machine.";
  return 'The provider takes no lead at the moment. Try again later.';
}

function refused(cause: string, description: string): string {
  if (cause === 'not_encodable')
    return 'The wire profile has no element for this lead. Check wire, in particular the element of the target.';
  if (cause === 'fault_not_processed') {
    return 'No operation got the document. Compare action, version of SOAP, namespaces and the names around the root with the WSDL, and learn from a sample that works: wire learn.';
  }
  if (NAMES_MISSING.test(description)) return MISSING;
  return 'Ask the provider what its text means. A text that you understand gets a meaning by failurePatterns.';
}

/** Reasons why an answer could not be read, by HTTP status. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'The host could not read the document. Compare root, namespace and envelope with a sample that works: wire learn.',
  404: 'The host knows no such path. Compare UPSTREAM_URL with what the provider gave you.',
  405: 'The path takes no POST. Compare UPSTREAM_URL with what the provider gave you: a service of WCF has its operation behind .svc/.',
  411: 'A proxy between you and the provider changes the request. Try from another network.',
  415: 'The host does not take this content type. Try text/xml; charset=utf-8 (UPSTREAM_CONTENT_TYPE, or contentType of wire); a service of SOAP needs an envelope.',
  500: 'The service failed. With a wrong root, namespace or action some hosts answer so as well: compare with a sample that works, wire learn. The lead may have arrived; look before you send another one.',
};

function unreadable(cause: string, httpStatus: number | undefined): string {
  if (cause === 'timeout' || cause === 'reset') return 'The lead may have arrived; look before you send another one.';
  if (cause === 'fault') {
    return 'The service answered with a SOAP fault of its own. The lead may have arrived; look before you send another one, and ask the provider what the text means.';
  }
  if (httpStatus !== undefined && httpStatus >= 300 && httpStatus < 400) {
    return 'The host sends the call elsewhere, often to a log-in page. Compare UPSTREAM_URL with what the provider gave you.';
  }
  const known = httpStatus === undefined ? undefined : BY_STATUS[httpStatus];
  return (
    known ??
    'The answer is not the one that the reference describes. Compare UPSTREAM_URL with what the provider gave you, and ask the provider. The lead may have arrived.'
  );
}
