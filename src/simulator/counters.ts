/** `received`: calls whose body was read completely and accepted. `got`: those of them that opened a conversation. */
export type Tally = { received: number; got: number };

/** Exact counts since the start or the last reset. */
export type Totals = Tally & {
  /** POST requests to the endpoint, whether or not their body was read. */
  readonly calls: number;
  /** Calls in flight now, and the maximum so far. */
  readonly concurrent: number;
  readonly maxConcurrent: number;
  /** Answers by fault. A refused call counts for no fault. */
  readonly byFault: Readonly<Record<string, number>>;
  /** Calls that the service refused without an ordered fault, by the reason it gave. */
  readonly refused: Readonly<Record<string, number>>;
  readonly phones: number;
};

export interface Counters {
  /** A call arrived. */
  arrive(): void;
  /** A call ended: it was answered, or its connection was closed. */
  leave(): void;
  refuse(why: string): void;
  fault(name: string): void;
  receive(phone: string, fingerprint: string, got: boolean): void;
  totals(): Totals;
  /** Counts of one number (its digits with the country code), in constant time. */
  ofPhone(digits: string): Tally;
  all(): { readonly phones: Record<string, Tally>; readonly fingerprints: Record<string, Tally> };
  clear(): void;
}

/** Counters are separate from the bounded message store, so they stay exact when the store drops old messages. */
export function createCounters(): Counters {
  const phones = new Map<string, Tally>();
  const fingerprints = new Map<string, Tally>();
  const byFault = new Map<string, number>();
  const refused = new Map<string, number>();
  let calls = 0;
  let received = 0;
  let got = 0;
  let concurrent = 0;
  let maxConcurrent = 0;
  return {
    arrive() {
      calls += 1;
      concurrent += 1;
      if (concurrent > maxConcurrent) maxConcurrent = concurrent;
    },
    leave() {
      concurrent -= 1;
    },
    refuse: (why) => bump(refused, why),
    fault: (name) => bump(byFault, name),
    receive(phone, fingerprint, wasGot) {
      received += 1;
      if (wasGot) got += 1;
      add(phones, phone, wasGot);
      add(fingerprints, fingerprint, wasGot);
    },
    totals: () => ({
      calls,
      received,
      got,
      concurrent,
      maxConcurrent,
      byFault: Object.fromEntries(byFault),
      refused: Object.fromEntries(refused),
      phones: phones.size,
    }),
    ofPhone: (digits) => phones.get(digits) ?? { received: 0, got: 0 },
    all: () => ({ phones: Object.fromEntries(phones), fingerprints: Object.fromEntries(fingerprints) }),
    clear() {
      for (const map of [phones, fingerprints, byFault, refused]) map.clear();
      calls = 0;
      received = 0;
      got = 0;
      maxConcurrent = concurrent;
    },
  };
}

function bump(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function add(map: Map<string, Tally>, key: string, got: boolean): void {
  const tally = map.get(key);
  if (tally === undefined) map.set(key, { received: 1, got: got ? 1 : 0 });
  else {
    tally.received += 1;
    if (got) tally.got += 1;
  }
}
