import { closeSync, openSync, readSync } from 'node:fs';
import { StorageUnavailable } from '../port.ts';

/**
 * Places in the index of the write-ahead log (https://sqlite.org/walformat.html#the_wal_index_file_format): the salts of the
 * log's present round, how many of its frames are copied into the database file, and how many somebody set out to copy. The
 * last one is written before the file is touched, the one before it when the copy is on disk.
 */
const INDEX_HEADER = 136;
const SALTS: Place = [32, 40];
const COPIED: Place = [96, 100];
const SET_OUT_FOR: Place = [128, 132];

type Place = readonly [from: number, to: number];

/** How far the log was copied into the database file, by whatever process. */
export type Progress = {
  /** Another one whenever a checkpoint began or ended since. */
  readonly mark: string;
  /** A checkpoint is under way, or was broken off: the file may change. */
  readonly underWay: boolean;
};

export interface Checkpoints {
  progress(): Progress;
  close(): void;
}

/**
 * Reads from the log's index, which all processes share, what became of checkpoints. The descriptor stays open until the
 * end, as closing it would drop SQLite's locks on the index.
 */
export function watchCheckpoints(index: string): Checkpoints {
  const descriptor = openSync(index, 'r');
  const bytes = Buffer.alloc(INDEX_HEADER);
  const at = ([from, to]: Place): string => bytes.toString('hex', from, to);
  return {
    progress() {
      if (readSync(descriptor, bytes, 0, INDEX_HEADER, 0) !== INDEX_HEADER) {
        throw new StorageUnavailable(`${index} was cut.`);
      }
      const copied = at(COPIED);
      const setOutFor = at(SET_OUT_FOR);
      return { mark: at(SALTS) + copied + setOutFor, underWay: copied !== setOutFor };
    },
    close() {
      closeSync(descriptor);
    },
  };
}
