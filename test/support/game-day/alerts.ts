import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The reason why rules are not evaluated on this machine; `false` if they are. */
export const NO_PROMTOOL: string | false = spawnSync('promtool', ['--version']).error
  ? 'promtool is not installed (Debian package prometheus)'
  : false;

/** How often Prometheus scrapes and evaluates. */
export const SCRAPE_S = 15;

/** These measure the machine that the test runs on, in its own time. */
const OF_THE_MACHINE = /^tcg_(?:answer|commit|attempt_duration)_seconds/;

/** Keeps what was scraped, and lets Prometheus evaluate the alert rules over it. */
export function alertRecorder() {
  const series = new Map<string, string[]>();
  const expected: { readonly at: number; readonly firing: readonly string[] }[] = [];
  let scrapes = 0;
  return {
    /** @param text an exposition in Prometheus' text format */
    scraped(text: string): void {
      for (const [, name, value] of text.matchAll(/^(tcg_\S+(?: [^\s{}]+)*?) (\S+)$/gm)) {
        if (name === undefined || value === undefined || OF_THE_MACHINE.test(name)) continue;
        const values = series.get(name) ?? Array<string>(scrapes).fill('_');
        series.set(name, values);
        values.push(value);
      }
      scrapes += 1;
      for (const values of series.values()) if (values.length < scrapes) values.push('_');
    },
    /** Exactly these alerts fire at the last scrape. */
    expect(...firing: string[]): void {
      expected.push({ at: scrapes - 1, firing });
    },
    /** Evaluates the rules of `deploy/monitoring`. Gives what Prometheus says of differences; empty if there is none. */
    evaluate(folder: string): string {
      const file = join(folder, 'game-day.test.yml');
      const test = {
        rule_files: [resolve('deploy/monitoring/alerts.yml')],
        evaluation_interval: `${SCRAPE_S}s`,
        tests: [
          {
            interval: `${SCRAPE_S}s`,
            input_series: [...series].map(([name, values]) => ({ series: name, values: values.join(' ') })),
            promql_expr_test: expected.map(({ at, firing }) => ({
              expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
              eval_time: `${at * SCRAPE_S}s`,
              exp_samples: firing.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
            })),
          },
        ],
      };
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(test));
      const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
      return status === 0 ? '' : `${stdout}${stderr}`;
    },
  };
}
