/** Advisory locks, as the two numbers that name each: ours ("TCGW") and what is locked. */
const OURS = 0x54434757;

export const LOCKS = {
  migration: [OURS, 1],
  /** Writing tables anew after an erasure. */
  scrub: [OURS, 2],
  /** Retention: one replica sweeps. */
  sweep: [OURS, 3],
  /** Leads that change hands between a provider and its parking. */
  parking: [OURS, 4],
} as const;
