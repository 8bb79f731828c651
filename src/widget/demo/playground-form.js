/**
 * The part of the playground that stands for the site's own settings: `form` of its configuration. The gateway's answer is changed
 * here in the page, so that every option can be seen without another site.
 */
const controls = document.querySelector('#controls');

const FLAGS = ['questionFirst', 'listingHeading', 'confirmNumber', 'textingNotice'];
const PHONE = ['placeholder', 'format', 'countryPicker'];

/** Countries as the gateway describes them; the formats are those of whole national numbers. */
const COUNTRIES = [
  {
    country: 'US',
    name: 'United States',
    callingCode: '1',
    placeholder: '(201) 555-0123',
    formats: [['^(\\d{3})(\\d{3})(\\d{4})$', '($1) $2-$3']],
  },
  {
    country: 'CA',
    name: 'Canada',
    callingCode: '1',
    placeholder: '(506) 234-5678',
    formats: [['^(\\d{3})(\\d{3})(\\d{4})$', '($1) $2-$3']],
  },
  {
    country: 'MX',
    name: 'Mexico',
    callingCode: '52',
    placeholder: '222 123 4567',
    formats: [['^(\\d{3})(\\d{3})(\\d{4})$', '$1 $2 $3']],
  },
];

const isOn = (name) => controls.elements[`form.${name}`].checked;
const words = (name) => controls.elements[`form.${name}`].value.trim();

/** `form` of the configuration, with what is chosen. */
export function chosenForm() {
  const form = Object.fromEntries(FLAGS.filter(isOn).map((name) => [name, true]));
  if (isOn('name')) form.fields = { name: 'shown' };
  const phone = Object.fromEntries(PHONE.filter((name) => isOn(`phone.${name}`)).map((name) => [name, true]));
  if (Object.keys(phone).length) form.phone = phone;
  if (words('answer')) {
    form.answerMinutes = 10;
    form.hours = { timeZone: 'America/New_York', week: { mon: ['09:00-18:00'], tue: ['09:00-18:00'] } };
  }
  const links = Object.fromEntries(
    ['privacy', 'terms'].filter((name) => words(`links.${name}`)).map((name) => [name, words(`links.${name}`)]),
  );
  if (Object.keys(links).length) form.links = links;
  if (words('success')) form.texts = { en: { deliveredText: words('success') } };
  return form;
}

/** What the gateway would answer to the button with these options. */
export function withChosenForm(body) {
  const { questionFirst, listingHeading, confirmNumber, textingNotice, fields, phone, links, texts } = chosenForm();
  const answer = words('answer');
  return {
    ...body,
    questionFirst,
    confirmNumber,
    links,
    ...(fields && { fields: { ...body.fields, firstName: 'hidden', lastName: 'hidden', name: 'shown' } }),
    texts: { ...body.texts, ...(listingHeading && { heading: '{listing}' }), ...texts?.en },
    consent: { ...body.consent, notice: textingNotice ? body.texts.rates : undefined },
    answer: answer ? { text: answer, open: isOn('open') } : undefined,
    phoneCountries: phone && countriesWith(phone),
  };
}

function countriesWith({ placeholder, format, countryPicker }) {
  return COUNTRIES.slice(0, countryPicker ? COUNTRIES.length : 1).map((each) => ({
    ...each,
    placeholder: placeholder && each.placeholder,
    formats: format && each.formats,
  }));
}
