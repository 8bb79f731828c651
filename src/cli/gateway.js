// Starts the operators' commands.
import '../lib/node-version.js';
import '../lib/sqlite-warning.js';
import module from 'node:module';

module.enableCompileCache();
await import('./main.ts');
