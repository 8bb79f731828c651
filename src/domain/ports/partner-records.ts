import type { Conversation, Status } from '../lead.ts';
import type { Page, PageRequest } from './lead-records.ts';

/** Selects conversations of one partner: all given conditions have to hold. Times are milliseconds since the epoch. */
export type PartnerFilter = {
  readonly partner: string;
  readonly status?: Status;
  /** The partner's own id, exactly. Several leads may have the same. */
  readonly reference?: string;
  /** Stored at or after. */
  readonly since?: number;
  /** Stored before. */
  readonly until?: number;
};

/** A conversation as the partner that sent its lead sees it. */
export type PartnerRecord = Conversation & {
  /** Absent if the partner sent none, or if it was erased with the lead. */
  readonly reference?: string;
  /** A call ended with an unknown outcome, or a delivered lead is sent again. */
  readonly mayHaveArrived: boolean;
};

export interface PartnerRecords {
  /**
   * The conversations of a partner, newest first, from an index: a page costs what it holds. The cursor is the id of the last
   * conversation of a page. Rejects with `StorageUnavailable`, and with `InvalidCursor` for an id that is not the partner's.
   */
  listOfPartner(filter: PartnerFilter, page: PageRequest): Promise<Page<PartnerRecord>>;
}
