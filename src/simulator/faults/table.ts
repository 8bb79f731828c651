import { BODY_FAULTS } from './bodies.ts';
import type { Fault } from './fault.ts';
import { SERVICE_FAULTS } from './service.ts';
import { STATUS_FAULTS } from './statuses.ts';
import { TRANSPORT_FAULTS } from './transport.ts';

/** Every way to answer, in the order of their numbers. */
export const FAULTS: readonly Fault[] = [...SERVICE_FAULTS, ...STATUS_FAULTS, ...BODY_FAULTS, ...TRANSPORT_FAULTS];

const byName = new Map(FAULTS.map((fault) => [fault.name, fault]));
const byPhone = new Map(FAULTS.map((fault) => [`1${nationalOf(fault)}`, fault]));

/** The number that asks for a fault, as it is spelled in XML: ten national digits. Its country code is 1. */
export function nationalOf(fault: Fault): string {
  return `40455520${String(fault.line).padStart(2, '0')}`;
}

export function faultNamed(name: string): Fault | undefined {
  return byName.get(name);
}

/** The fault that a number asks for; `digits` begin with the country code. */
export function faultOfPhone(digits: string): Fault | undefined {
  return byPhone.get(digits);
}
