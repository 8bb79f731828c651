import { FileSchema } from './file.ts';

/**
 * The schema of `CONFIG_FILE` as it is published for editors, in the draft that they all complete from. Its `format`s are our
 * own names and its `errorMessage`s an editor's extension; a validator that knows neither may ignore both.
 */
export function renderFileSchema(): string {
  const published = { $schema: 'http://json-schema.org/draft-07/schema#', ...FileSchema };
  return `${JSON.stringify(published, null, 2)}\n`;
}
