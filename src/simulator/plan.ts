import type { Fault } from './faults/fault.ts';
import { DELIVERED, faultOfPhone } from './faults/table.ts';

/** An ordered fault. Absent numbers take the fault's own values. */
export type Order = { readonly fault: Fault; readonly delayMs?: number; readonly retryAfterS?: number };

/** How calls will be answered: by the orders in the queue, then by the number's own fault, then by the default order. */
export interface Plan {
  /** Takes the order that is next in the queue, if there is one. Each arriving call takes one. */
  next(): Order | undefined;
  /** The order for a call that took none from the queue. `digits` start with the country code. */
  otherwise(digits: string | undefined): Order;
  enqueue(order: Order, count: number): void;
  setDefault(order: Order): void;
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
    setDefault(order) {
      mode = order;
    },
    clear() {
      queue.length = 0;
      mode = { fault: DELIVERED };
    },
    state: () => ({ mode, queue: queue.map((entry) => ({ ...entry })) }),
  };
}
