import type { Fault } from './faults/fault.ts';
import { DELIVERED } from './faults/service.ts';
import { faultOfPhone } from './faults/table.ts';

/** A fault as somebody ordered it; absent numbers are the fault's own. */
export type Order = { readonly fault: Fault; readonly delayMs?: number; readonly retryAfterS?: number };

/** What calls will meet: orders for the next ones, then the number's own fault, then the standing order. */
export interface Plan {
  /** Takes the order that is next in the queue, if there is one. Each arriving call takes one. */
  next(): Order | undefined;
  /** What a call meets that took no order from the queue; `digits` begin with the country code. */
  otherwise(digits: string | undefined): Order;
  enqueue(order: Order, count: number): void;
  stand(order: Order): void;
  clear(): void;
  state(): { readonly mode: Order; readonly queue: readonly { readonly order: Order; readonly left: number }[] };
}

export function createPlan(): Plan {
  const queue: { order: Order; left: number }[] = [];
  let mode: Order = { fault: DELIVERED };
  return {
    next() {
      const [head] = queue;
      if (head === undefined) return undefined;
      head.left -= 1;
      if (head.left === 0) queue.shift();
      return head.order;
    },
    otherwise(digits) {
      const fault = digits === undefined ? undefined : faultOfPhone(digits);
      return fault === undefined ? mode : { fault };
    },
    enqueue(order, count) {
      queue.push({ order, left: count });
    },
    stand(order) {
      mode = order;
    },
    clear() {
      queue.length = 0;
      mode = { fault: DELIVERED };
    },
    state: () => ({ mode, queue: queue.map((entry) => ({ ...entry })) }),
  };
}
