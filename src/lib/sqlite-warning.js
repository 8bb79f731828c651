// Node 22 prints an ExperimentalWarning on standard error when `node:sqlite` is loaded. Operators read the standard error of
// the commands, and the embedded store is meant to use this module (docs/adr/0002), so entries import this file before
// anything that loads it. Every other warning is still printed.
const emitWarning = process.emitWarning;

/** @type {(warning: string | Error, ...rest: unknown[]) => void} */
function withoutSqliteWarning(warning, ...rest) {
  const isSqliteWarning =
    rest[0] === 'ExperimentalWarning' && String(warning).startsWith('SQLite is an experimental feature');
  if (!isSqliteWarning) Reflect.apply(emitWarning, process, [warning, ...rest]);
}

process.emitWarning = withoutSqliteWarning;
