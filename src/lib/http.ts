/*
 * What the program needs of `node:http` at run time. An `import` of that module would read every export of it, and reading
 * `WebSocket` makes Node load its own HTTP client, which takes 50 ms of CPU time at each start.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
