import t from 'tap';
import { maskLead, maskPhone } from '../../../src/admin/operations/mask.ts';
import { lead } from '../../support/lead.ts';

t.test('a number keeps its country and its last digits', async (t) => {
  t.equal(maskPhone({ e164: '+14045551212', callingCode: '1', national: '4045551212' }), '+1******1212');
  t.equal(maskPhone({ e164: '+442079460018', callingCode: '44', national: '2079460018' }), '+44******0018');
});

t.test('of a short number fewer digits are shown', async (t) => {
  t.equal(maskPhone({ e164: '+29012345', callingCode: '290', national: '12345' }), '+290***45');
});

t.test('texts are told by their length alone, names by their first letter', async (t) => {
  const masked = maskLead(
    lead({
      firstName: 'Zoë',
      lastName: '𝒳u',
      question: 'Is it red? 🚗',
      listing: { vin: '2HGFC2F59KH500000' },
      consent: { text: 'I agree', version: '2026-11' },
      page: { url: 'https://dealer.example/cars/1?email=ann@example.com#top', title: 'Hello Ann' },
      origin: 'https://dealer.example',
    }),
  );
  t.strictSame(masked, {
    target: { advertiserId: '1659' },
    targetFrom: 'caller',
    phone: '+1******1212',
    firstName: 'Z…',
    lastName: '𝒳…',
    question: '(12 characters)',
    listing: '(1 value)',
    consent: { text: '(7 characters)', version: '2026-11' },
    page: { url: 'https://dealer.example/cars/1', title: '(9 characters)' },
    origin: 'https://dealer.example',
  });
});
