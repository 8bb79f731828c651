import { printable } from '../../lib/text.ts';
import { isPlaceholder } from '../../provider/learn/names.ts';
import { trimXml, type XmlElement } from '../../provider/xml.ts';

/** One line of two documents beside each other. The mark says how they differ; a blank one that they do not. */
export type Row = { readonly sample: string; readonly mark: ' ' | '<' | '>' | '~'; readonly ours: string };

type Line = { readonly key: string; readonly text: string; readonly value: string };

/** Lines of a document that is not compared further, so that the table of the comparison stays small. */
const MAX_LINES = 400;

/**
 * Compares two documents by what a parser of XML with namespaces reads: prefixes, white space, comments and the order of attributes make no
 * difference, and neither does a value for which the sample shows a placeholder.
 *
 * @param secrets names of elements whose text is masked
 */
export function compareDocuments(sample: XmlElement, ours: XmlElement, secrets: ReadonlySet<string>): Row[] {
  const [left, right] = [linesOf(sample, secrets), linesOf(ours, secrets)];
  const lengths = commonLengths(left, right);
  const rows: Row[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const [one, other] = [left[l], right[r]];
    if (one && other && one.key === other.key) {
      const isSame = one.value === other.value || isPlaceholder(one.value);
      rows.push({ sample: one.text, mark: isSame ? ' ' : '~', ours: other.text });
      l += 1;
      r += 1;
    } else if (one && (!other || (lengths[l + 1]?.[r] ?? 0) >= (lengths[l]?.[r + 1] ?? 0))) {
      rows.push({ sample: one.text, mark: '<', ours: '' });
      l += 1;
    } else if (other) {
      rows.push({ sample: '', mark: '>', ours: other.text });
      r += 1;
    }
  }
  return rows;
}

/** Length of the longest common subsequence of both rests, by their beginnings. */
function commonLengths(left: readonly Line[], right: readonly Line[]): number[][] {
  const lengths = Array.from({ length: left.length + 1 }, () => Array<number>(right.length + 1).fill(0));
  for (let l = left.length - 1; l >= 0; l -= 1) {
    for (let r = right.length - 1; r >= 0; r -= 1) {
      const row = lengths[l] as number[];
      row[r] =
        left[l]?.key === right[r]?.key
          ? (lengths[l + 1]?.[r + 1] ?? 0) + 1
          : Math.max(lengths[l + 1]?.[r] ?? 0, row[r + 1] ?? 0);
    }
  }
  return lengths;
}

function linesOf(root: XmlElement, secrets: ReadonlySet<string>): Line[] {
  const lines: Line[] = [];
  const visit = (element: XmlElement, depth: number): void => {
    if (lines.length >= MAX_LINES) return;
    const { name, children, text } = element;
    const attributes = element.attributes.map((attribute) => ` ${attribute.name}="${attribute.value}"`).join('');
    const indent = '  '.repeat(depth);
    const key = keyOf(element);
    const value = trimXml(text);
    const shown = printable(secrets.has(name) && value !== '' ? '********' : value);
    const start = `${indent}<${name}${printable(attributes)}`;
    if (children.length === 0) {
      const whole = value === '' ? `${start}/>` : `${start}>${shown}</${name}>`;
      lines.push({ key: `${depth} ${key}`, text: whole, value: secrets.has(name) ? '' : value });
      return;
    }
    lines.push({ key: `${depth} ${key} {`, text: `${start}>`, value });
    for (const child of children) visit(child, depth + 1);
    lines.push({ key: `${depth} ${key} }`, text: `${indent}</${name}>`, value: '' });
  };
  visit(root, 0);
  return lines;
}

/** The name of an element and its attributes as a parser resolves them, without declarations. */
function keyOf({ uri, local, attributes }: XmlElement): string {
  const resolved = attributes
    .filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'))
    .map((attribute) => `{${attribute.uri}}${attribute.local}=${attribute.value}`);
  return [`{${uri}}${local}`, ...resolved.sort()].join(' ');
}

/** The widest column; a longer line is cut. The JSON of the command has the lines whole. */
const MAX_WIDTH = 88;

/** Writes rows as two columns with the marks between them. */
export function formatRows(rows: readonly Row[]): string {
  const width = Math.min(MAX_WIDTH, Math.max(6, ...rows.map(({ sample }) => [...sample].length)));
  const lines = [{ sample: 'SAMPLE', mark: ' ', ours: 'OURS' }, ...rows].map(({ sample, mark, ours }) =>
    `${fit(sample, width)} ${mark} ${cut(ours)}`.trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function fit(text: string, width: number): string {
  const shown = cut(text);
  return shown + ' '.repeat(Math.max(0, width - [...shown].length));
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_WIDTH ? text : `${characters.slice(0, MAX_WIDTH - 1).join('')}…`;
}
