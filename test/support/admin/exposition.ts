export type Exposition = {
  /** `name{label="value"}` → number */
  readonly samples: ReadonlyMap<string, number>;
  readonly help: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
};

const SAMPLE =
  /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) ([Nn]a[Nn]|[+-]Inf|[-+\d.e]+)$/;

/**
 * Reads Prometheus' text format 0.0.4 as strictly as its documentation states it (numbers as Go's ParseFloat, which takes any
 * case of NaN); throws on any other line.
 */
export function readExposition(text: string): Exposition {
  const samples = new Map<string, number>();
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind) (kind === 'HELP' ? help : types).set(name, rest);
    else {
      const [, series, value] = SAMPLE.exec(line) ?? [];
      if (series === undefined || samples.has(series)) throw new Error(`not a sample, or twice: ${line}`);
      samples.set(series, Number(value?.replace('Inf', 'Infinity')));
    }
  }
  return { samples, help, types };
}
