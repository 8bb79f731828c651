import { type FieldError, Refusal } from './refusal.ts';

/** Field errors that one answer has at most: enough for every field of a lead, and a bound on what a hostile body costs. */
export const MAX_FIELD_ERRORS = 25;

/** The mistakes of a request, so that one answer names them all. */
export type Mistakes = {
  /**
   * Runs a part of the work. Gives `undefined` where it is refused, or where one of its inputs is known to be wrong.
   * @param inputs JSON pointers into the request
   */
  part<T>(inputs: readonly string[], run: () => T): T | undefined;
  /** All mistakes, under the code of the first; `undefined` where there are none. */
  refusal(): Refusal | undefined;
};

/** @param known mistakes of the request's form, which were found before */
export function collectMistakes(known: readonly FieldError[] = []): Mistakes {
  const [first] = known;
  const refusals = first ? [new Refusal('invalid_request', first.detail, { errors: known })] : [];
  return {
    part(inputs, run) {
      if (known.some(({ pointer }) => inputs.some((input) => overlap(pointer, input)))) return undefined;
      try {
        return run();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusals.push(error);
        return undefined;
      }
    },
    refusal() {
      const [worst] = refusals;
      const errors = refusals.flatMap((refusal) => refusal.errors).slice(0, MAX_FIELD_ERRORS);
      return worst && new Refusal(worst.code, worst.message, { errors });
    },
  };
}

/** Whether one of the pointers is the other or lies within it. */
function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}
