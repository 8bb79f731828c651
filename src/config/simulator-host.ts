import type { Environment } from './environment.ts';
import { isLoopbackHost } from './formats/addresses.ts';
import type { Problem } from './problem.ts';

/**
 * The bundled simulator shows every lead to anybody who reaches it. It may therefore listen on more than loopback only
 * in the demo, and only where the demo itself does: in a container, whose published ports decide who reaches either.
 */
export function checkSimulatorHost({ values, given }: Environment): Problem[] {
  if (isLoopbackHost(values.SIMULATOR_HOST)) return [];
  const problem = (reason: string, fix: string): Problem[] => [
    { setting: 'SIMULATOR_HOST', problem: `is not a loopback address, and ${reason}`, fix },
  ];
  if (given('CONFIG_FILE') || given('UPSTREAM_URL') || values.NODE_ENV === 'production') {
    return problem('only the demo runs the bundled simulator', 'unset it');
  }
  if (isLoopbackHost(values.HOST)) {
    return problem(
      'the demo itself listens on loopback (HOST) only',
      'unset it; in a container set HOST too, as the image does',
    );
  }
  return [];
}
