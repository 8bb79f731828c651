import { TRANSPORT_FAULTS } from './connection.ts';
import { type Call, type Fault, failureOf, SUCCESS, send } from './fault.ts';
import { BODY_FAULTS, STATUS_FAULTS } from './replies.ts';

const failure = (description: string | undefined, status = 200) => {
  const body = failureOf(description);
  return (call: Call) => send(call, status, body);
};

/** The answer to a call without an ordered fault. */
export const DELIVERED: Fault = {
  name: 'delivered',
  line: 0,
  got: true,
  summary: 'Success',
  answer: (call) => send(call, 200, SUCCESS),
};

/** Well-formed answers of the service itself. */
export const SERVICE_FAULTS: readonly Fault[] = [
  DELIVERED,
  {
    name: 'slow',
    line: 1,
    got: true,
    summary: 'Success, after 6 seconds unless another delay is set',
    delayMs: 6_000,
    answer: (call) => send(call, 200, SUCCESS),
  },
  {
    name: 'failure_phone',
    line: 10,
    got: false,
    summary: 'Failure that names the phone',
    answer: failure('ConsumerPhoneNumber is not a valid mobile number.'),
  },
  {
    name: 'failure_target',
    line: 11,
    got: false,
    summary: 'Failure that names the merchant or advertiser',
    answer: (call) =>
      send(
        call,
        200,
        failureOf(
          call.fields.MerchantId === undefined
            ? 'No active merchant was found for the AdvertiserId.'
            : 'MerchantId does not exist or is not active.',
        ),
      ),
  },
  {
    name: 'failure_credentials',
    line: 12,
    got: false,
    summary: 'Failure that names the credentials',
    answer: failure('Invalid provider credentials.'),
  },
  {
    name: 'failure_other',
    line: 13,
    got: false,
    summary: 'Failure that names nothing we know',
    answer: failure('Object reference not set to an instance of an object.'),
  },
  {
    name: 'failure_quotes_question',
    line: 14,
    got: false,
    summary: "Failure that quotes the lead's own question",
    answer: (call) =>
      send(call, 200, failureOf(`The message could not be routed: "${call.fields.ConsumerQuestion ?? ''}"`)),
  },
  { name: 'failure_blank', line: 15, got: false, summary: 'Failure without a description', answer: failure(undefined) },
  {
    name: 'failure_400',
    line: 16,
    got: false,
    summary: 'Failure that names the phone, with HTTP 400',
    answer: failure('ConsumerPhoneNumber is not a valid mobile number.', 400),
  },
  {
    name: 'failure_500',
    line: 17,
    got: false,
    summary: 'Failure that names nothing we know, with HTTP 500',
    answer: failure('An unexpected error occurred.', 500),
  },
];

/** All faults, in the order of their phone numbers. */
export const FAULTS: readonly Fault[] = [...SERVICE_FAULTS, ...STATUS_FAULTS, ...BODY_FAULTS, ...TRANSPORT_FAULTS];

const byName = new Map(FAULTS.map((fault) => [fault.name, fault]));
const byPhone = new Map(FAULTS.map((fault) => [`1${nationalOf(fault)}`, fault]));

/** The phone number that selects a fault, as written in XML: ten national digits. Its country code is 1. */
export function nationalOf(fault: Fault): string {
  return `40455520${String(fault.line).padStart(2, '0')}`;
}

export function faultNamed(name: string): Fault | undefined {
  return byName.get(name);
}

/** The fault that a phone number selects. `digits` start with the country code. */
export function faultOfPhone(digits: string): Fault | undefined {
  return byPhone.get(digits);
}
