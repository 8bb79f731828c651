import type { Totals } from '../counters.ts';
import { FAULTS, nationalOf } from '../faults/table.ts';
import type { Order } from '../plan.ts';
import type { Rules } from '../rules.ts';
import type { State } from '../state.ts';

type OrderView = { readonly fault: string; readonly delayMs?: number; readonly retryAfter?: number };

/** What GET /control answers. The accepted password is not in it. */
export type ControlView = {
  readonly mode: OrderView;
  readonly queue: readonly (OrderView & { readonly count: number })[];
  readonly rules: Rules;
  readonly credentials: { readonly providerId: number; readonly username: string };
  readonly totals: Totals;
};

export function controlView({ plan, rules, credentials, counters }: State): ControlView {
  const { mode, queue } = plan.state();
  return {
    mode: orderView(mode),
    queue: queue.map(({ order, left }) => ({ ...orderView(order), count: left })),
    rules,
    credentials: { providerId: credentials.providerId, username: credentials.username },
    totals: counters.totals(),
  };
}

/** What GET /control/faults answers: each fault with the number that asks for it. */
export const FAULT_VIEWS = FAULTS.map((fault) => ({
  name: fault.name,
  phone: `+1${nationalOf(fault)}`,
  got: fault.got,
  summary: fault.summary,
}));

function orderView({ fault, delayMs, retryAfterS }: Order): OrderView {
  return {
    fault: fault.name,
    ...(delayMs !== undefined && { delayMs }),
    ...(retryAfterS !== undefined && { retryAfter: retryAfterS }),
  };
}
