// Entries import this file first. It is plain JavaScript, because a Node that is too old cannot run TypeScript.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Text Connect Gateway needs Node 22.18 or newer, and this is ${process.version}. The npm scripts bring their own.`,
  );
  process.exit(1);
}
