import type { TargetRule } from './site.ts';

export type Partner = {
  readonly id: string;
  /** SHA-256 of each key that is valid now, 32 bytes. */
  readonly keyHashes: readonly Buffer[];
  readonly defaultSite?: string;
  readonly sites: '*' | ReadonlySet<string>;
  /** Narrows what the site allows; absent: all that the site allows. */
  readonly targets?: TargetRule;
  readonly rate: Rate;
};

/** At most `max` requests in any window of `windowS` seconds. */
export type Rate = { readonly max: number; readonly windowS: number };
