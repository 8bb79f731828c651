import { type Counters, createCounters } from './counters.ts';
import { createEvents, type Events } from './events.ts';
import { createPlan, type Plan } from './plan.ts';
import type { Credentials, Rules } from './rules.ts';
import { createStore, type Store } from './store.ts';

/** All that the simulator remembers; the endpoint and the control API meet here. */
export type State = {
  readonly plan: Plan;
  readonly counters: Counters;
  readonly store: Store;
  readonly events: Events;
  readonly now: () => number;
  /** Tells one life of the simulator from the next, since message ids begin anew. */
  readonly run: string;
  credentials: Credentials;
  rules: Rules;
  /** Id of the newest message. */
  lastId: number;
};

export function createState(credentials: Credentials, rules: Rules, capacity: number, now: () => number): State {
  return {
    plan: createPlan(),
    counters: createCounters(),
    store: createStore(capacity),
    events: createEvents(),
    now,
    run: now().toString(36),
    credentials,
    rules,
    lastId: 0,
  };
}
