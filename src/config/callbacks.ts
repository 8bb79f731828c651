import type { WebhookReceiver } from '../domain/receiver.ts';
import type { Findings } from './findings.ts';
import { buildPrivateHosts, findWebhook } from './notifications.ts';
import type { CallbacksContent } from './schema/callbacks.ts';
import type { FileContent } from './schema/file.ts';
import type { SecretFiles } from './twins.ts';

/** The receivers of callbacks by the pointer of their partner or site, with the secrets that were read for them. */
export type FoundCallbacks = ReadonlyMap<string, readonly WebhookReceiver[]>;

/** Checks what the schema cannot in the `callbacks` of partners and sites, and reads their secrets. */
export function checkCallbacks(content: FileContent, findings: Findings, files: SecretFiles): FoundCallbacks {
  const hosts = findings.sound('/allowPrivateHosts') ? buildPrivateHosts(content) : new Set<string>();
  const found = new Map<string, readonly WebhookReceiver[]>();
  for (const group of ['partners', 'sites'] as const) {
    if (!findings.sound(`/${group}`)) continue;
    const entries: Readonly<Record<string, { readonly callbacks?: CallbacksContent }>> = content[group] ?? {};
    for (const [name, { callbacks }] of Object.entries(entries)) {
      const at = `/${group}/${name}`;
      if (callbacks === undefined || !findings.sound(at) || !findings.sound(`${at}/callbacks`)) continue;
      const receivers = callbacks.flatMap((callback, index) => {
        const pointer = `${at}/callbacks/${index}`;
        if (!findings.sound(pointer)) return [];
        return findWebhook({ at: pointer, content: callback, findings, files, hosts, signed: true }) ?? [];
      });
      found.set(at, receivers);
    }
  }
  return found;
}

/** The same entries of a group, with the receivers of their callbacks. */
export function withCallbacks<Entry extends object>(
  group: 'partners' | 'sites',
  entries: ReadonlyMap<string, Entry>,
  found: FoundCallbacks,
): ReadonlyMap<string, Entry & { readonly callbacks?: readonly WebhookReceiver[] }> {
  return new Map(
    [...entries].map(([name, entry]) => {
      const callbacks = found.get(`/${group}/${name}`);
      return [name, callbacks === undefined ? entry : { ...entry, callbacks }];
    }),
  );
}
