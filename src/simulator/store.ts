import type { Message } from './message.ts';

/** The last messages received, oldest first. Bounded; the counters know of those that fell out. */
export interface Store {
  add(message: Message): void;
  /** Kept messages whose id is above `id`, oldest first. */
  since(id: number): Message[];
  clear(): void;
}

/** A ring of `capacity` messages; adding costs the same whatever it holds. Ids must count up. */
export function createStore(capacity: number): Store {
  const ring: Message[] = [];
  let oldest = 0;
  const at = (index: number) => ring[(oldest + index) % ring.length];
  return {
    add(message) {
      if (ring.length < capacity) ring.push(message);
      else {
        ring[oldest] = message;
        oldest = (oldest + 1) % capacity;
      }
    },
    since(id) {
      const newest: Message[] = [];
      for (let index = ring.length - 1; index >= 0; index -= 1) {
        const message = at(index);
        if (message === undefined || message.id <= id) break;
        newest.push(message);
      }
      return newest.reverse();
    },
    clear() {
      ring.length = 0;
      oldest = 0;
    },
  };
}
