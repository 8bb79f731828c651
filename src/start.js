// Plain JavaScript, because a Node that is too old to run TypeScript has to get as far as this sentence.
import module from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Text Connect Gateway needs Node 22.18 or newer, and this is ${process.version}. "npm start" brings its own.`,
  );
  process.exit(1);
}
module.enableCompileCache();
await import('./main.ts');
