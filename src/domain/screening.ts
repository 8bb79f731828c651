/** Something that one lead may use up and no other: its key is random or a hash, and it cannot be presented after `expiresAt`. */
export type Use = { readonly kind: 'form_token' | 'proof'; readonly key: Uint8Array; readonly expiresAt: number };

/** What is known of a lead beside its content: whether a person should look at it first, and what it uses up. */
export type Screening = { readonly suspect: boolean; readonly uses: readonly Use[] };
