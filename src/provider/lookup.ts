import dns, { type LookupAddress, type LookupOptions } from 'node:dns';

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** The signature of `dns.lookup`, as `net.connect` and `tls.connect` take it. */
export type Lookup = (hostname: string, options: LookupOptions, callback: Callback) => void;

/**
 * Resolves names so that at most one query for a host is under way; calls that come meanwhile share its answer. A query
 * occupies one of the two threads that the process has for them until the name server answers, which can take half a minute. If
 * every call asked by itself, one name that hangs would keep the calls to all other endpoints from connecting.
 */
export function createSharedLookup(
  resolve: Lookup = (hostname, options, callback) => dns.lookup(hostname, options, callback),
): Lookup {
  const waiting = new Map<string, Callback[]>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options.all, options.family, options.hints, options.order]);
    const others = waiting.get(key);
    if (others) {
      others.push(callback);
      return;
    }
    const callbacks = [callback];
    waiting.set(key, callbacks);
    resolve(hostname, options, (...answer) => {
      waiting.delete(key);
      for (const call of callbacks) call(...answer);
    });
  };
}
