import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';

/** Who may send leads, and to whom they go. `build` is called only when no problem was found anywhere. */
export type Setup = {
  readonly problems: readonly Problem[];
  readonly build: () => Pick<Settings, 'demo' | 'simulator' | 'sites' | 'partners' | 'providers'>;
};

/** A setup of which nothing can be used. */
export function unusable(problems: readonly Problem[]): Setup {
  return {
    problems,
    build: () => {
      throw new Error('A setup with problems cannot be built.');
    },
  };
}
