import type { Language } from './texts.ts';

/** What a site's own form page says, where the site has no texts of its own. The names are those of the button's texts. */
export type Labels = Readonly<
  Record<
    'heading' | 'intro' | 'phone' | 'firstName' | 'lastName' | 'question' | 'optional' | 'consent' | 'send' | 'again',
    string
  >
>;

/** `again` stands where the form was open for too long: the page has a new token then, and what was typed is still there. */
export const LABELS: Readonly<Record<Language, Labels>> = {
  en: {
    heading: 'Text us',
    intro: 'Ask us anything. We answer by text message.',
    phone: 'Mobile number',
    firstName: 'First name',
    lastName: 'Last name',
    question: 'Your question',
    optional: 'optional',
    consent: 'I agree to be texted about my question.',
    send: 'Send',
    again: 'The form was open for too long. Please send it once more.',
  },
  es: {
    heading: 'Escríbanos',
    intro: 'Pregúntenos lo que quiera. Le respondemos por mensaje de texto.',
    phone: 'Número de celular',
    firstName: 'Nombre',
    lastName: 'Apellido',
    question: 'Su pregunta',
    optional: 'opcional',
    consent: 'Acepto recibir mensajes de texto sobre mi pregunta.',
    send: 'Enviar',
    again: 'El formulario estuvo abierto demasiado tiempo. Envíelo otra vez.',
  },
  fr: {
    heading: 'Écrivez-nous',
    intro: 'Posez-nous votre question. Nous répondons par SMS.',
    phone: 'Numéro de mobile',
    firstName: 'Prénom',
    lastName: 'Nom',
    question: 'Votre question',
    optional: 'facultatif',
    consent: 'J’accepte de recevoir des SMS au sujet de ma question.',
    send: 'Envoyer',
    again: 'Le formulaire est resté ouvert trop longtemps. Envoyez-le de nouveau.',
  },
  de: {
    heading: 'Schreiben Sie uns',
    intro: 'Fragen Sie uns. Wir antworten per SMS.',
    phone: 'Handynummer',
    firstName: 'Vorname',
    lastName: 'Nachname',
    question: 'Ihre Frage',
    optional: 'optional',
    consent: 'Ich bin einverstanden, zu meiner Frage SMS zu erhalten.',
    send: 'Senden',
    again: 'Das Formular war zu lange offen. Bitte senden Sie es noch einmal.',
  },
  ar: {
    heading: 'راسلنا',
    intro: 'اسألنا ما تشاء، وسنجيبك برسالة نصية.',
    phone: 'رقم الجوال',
    firstName: 'الاسم الأول',
    lastName: 'اسم العائلة',
    question: 'سؤالك',
    optional: 'اختياري',
    consent: 'أوافق على تلقي رسائل نصية بخصوص سؤالي.',
    send: 'إرسال',
    again: 'بقي النموذج مفتوحًا مدة طويلة. يُرجى إرساله مرة أخرى.',
  },
};
