import dns from 'node:dns';

/*
 * The real program in a process whose surroundings misbehave:
 * - names that end with `.hangs.test` are never resolved, as by a name server that does not answer
 * - the first SIGWINCH sets the wall clock forward by an hour, the next one sets it back, and so on
 */

const lookup = dns.lookup;
dns.lookup = ((hostname: string, ...rest: never[]) => {
  if (!hostname.endsWith('.hangs.test')) (lookup as (...args: unknown[]) => void)(hostname, ...rest);
}) as typeof dns.lookup;

const now = Date.now;
let jumped = 0;
Date.now = () => now() + jumped;
process.on('SIGWINCH', () => {
  jumped = jumped === 0 ? 3_600_000 : 0;
});

const start = '../../src/start.js';
await import(start);
