/** So many refusals in a row, each of another lead, and it is the account and not the lead. */
const REFUSALS_TO_PARK = 3;
/** How long a parked provider is left alone before one lead tries it again. */
export const PROBE_EVERY_MS = 600_000;

/** The row of refusals of a provider's credentials, and whether it made the provider one that needs a person. */
export type Streak = { readonly leads: readonly string[]; readonly parks: boolean };

/** One more refusal, of `lead`. The same lead counts once, however often it is tried. */
export function lengthen(leads: readonly string[], lead: string): Streak {
  const streak = [...new Set(leads).add(lead)];
  return { leads: streak, parks: streak.length >= REFUSALS_TO_PARK };
}
