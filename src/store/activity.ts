import type { MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';

type StoredState = Omit<ReplicaState, 'owner' | 'seenAt'>;

/** The part of a process's state that is stored as JSON. */
export function stateText({ seenAt: _seenAt, ...state }: Omit<ReplicaState, 'owner'>): string {
  return JSON.stringify(state);
}

export function toReplicaState(row: Readonly<Record<string, unknown>>): ReplicaState {
  const state = JSON.parse(String(row.state)) as StoredState;
  return { owner: String(row.owner), seenAt: Number(row.seen_at), ...state };
}

export function toMinuteCount(row: Readonly<Record<string, unknown>>): MinuteCount {
  return { minute: Number(row.minute), kind: String(row.kind), count: Number(row.n) };
}
