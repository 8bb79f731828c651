export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first of these that we speak: what the form says, then what the browser prefers (RFC 9110, section 12.5.4), then English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  const wanted = [lang ?? '', ...preferred(acceptLanguage ?? '')];
  return wanted.map(spoken).find((language) => language !== undefined) ?? 'en';
}

function preferred(acceptLanguage: string): string[] {
  return acceptLanguage
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';');
      const q = parameters.map((parameter) => /^\s*q=([0-9.]+)\s*$/i.exec(parameter)?.[1]).find(Boolean);
      return { tag: tag.trim(), weight: q === undefined ? 1 : Number(q) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}

function spoken(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split(/[-_]/, 1)[0];
  return LANGUAGES.find((language) => language === primary);
}

/** What the page says, by what happened. `{field}` and `{minutes}` are filled in. */
export type Texts = {
  readonly delivered: readonly [title: string, text: string];
  readonly received: readonly [title: string, text: string];
  /** Title of every page that says that nothing was sent. */
  readonly failed: string;
  /** How to get back to what was typed. */
  readonly back: string;
  readonly phoneMissing: string;
  readonly phone: string;
  readonly country: string;
  readonly consent: string;
  readonly field: string;
  readonly wait: string;
  readonly later: string;
  readonly expired: string;
  readonly broken: string;
  readonly names: Readonly<Record<'firstName' | 'lastName' | 'question', string>>;
};

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    delivered: ['Message sent', 'Thank you! Look out for our text message.'],
    received: ['We have your message', 'Thank you! It is safe with us, and we’ll text you as soon as we can.'],
    failed: 'Your message was not sent',
    back: 'Go back with your browser’s Back button; what you typed should still be there.',
    phoneMissing: 'Please enter your mobile number.',
    phone: 'We cannot text this number. Please check it, and enter a mobile number.',
    country: 'We cannot text numbers of this country. Please enter another number.',
    consent: 'Please tick the box that says we may text you.',
    field: 'Please change what you entered here: {field}.',
    wait: 'Too many tries. Please try again in {minutes} min.',
    later: 'That did not work just now. Please try again in a moment.',
    expired: 'The form was open for too long, or was sent already. Please load its page again and send it once more.',
    broken: 'The form does not work right now. Please reach us another way.',
    names: { firstName: 'first name', lastName: 'last name', question: 'your question' },
  },
  es: {
    delivered: ['Mensaje enviado', '¡Gracias! Pronto recibirá nuestro mensaje de texto.'],
    received: ['Recibimos su mensaje', '¡Gracias! Está a salvo con nosotros y le escribiremos en cuanto podamos.'],
    failed: 'Su mensaje no se ha enviado',
    back: 'Vuelva con el botón Atrás de su navegador; lo que escribió debería seguir ahí.',
    phoneMissing: 'Escriba su número de celular.',
    phone: 'No podemos enviar mensajes a este número. Revíselo y escriba un número de celular.',
    country: 'No podemos enviar mensajes a números de este país. Escriba otro número.',
    consent: 'Marque la casilla que nos permite escribirle.',
    field: 'Cambie lo que escribió aquí: {field}.',
    wait: 'Demasiados intentos. Inténtelo de nuevo dentro de {minutes} min.',
    later: 'No ha funcionado en este momento. Inténtelo de nuevo enseguida.',
    expired:
      'El formulario estuvo abierto demasiado tiempo o ya se envió. Vuelva a cargar la página y envíelo otra vez.',
    broken: 'El formulario no funciona en este momento. Póngase en contacto con nosotros de otra manera.',
    names: { firstName: 'nombre', lastName: 'apellido', question: 'su pregunta' },
  },
  fr: {
    delivered: ['Message envoyé', 'Merci ! Vous recevrez bientôt notre SMS.'],
    received: [
      'Nous avons bien reçu votre message',
      'Merci ! Il est bien enregistré, et nous vous écrirons dès que possible.',
    ],
    failed: 'Votre message n’a pas été envoyé',
    back: 'Revenez avec le bouton Précédent de votre navigateur ; votre saisie devrait encore y être.',
    phoneMissing: 'Saisissez votre numéro de mobile.',
    phone: 'Nous ne pouvons pas écrire à ce numéro. Vérifiez-le et saisissez un numéro de mobile.',
    country: 'Nous ne pouvons pas écrire aux numéros de ce pays. Saisissez un autre numéro.',
    consent: 'Cochez la case qui nous autorise à vous écrire.',
    field: 'Modifiez votre saisie ici : {field}.',
    wait: 'Trop de tentatives. Réessayez dans {minutes} min.',
    later: 'Cela n’a pas fonctionné pour l’instant. Réessayez dans un moment.',
    expired:
      'Le formulaire est resté ouvert trop longtemps ou a déjà été envoyé. Rechargez sa page et envoyez-le de nouveau.',
    broken: 'Le formulaire ne fonctionne pas en ce moment. Contactez-nous d’une autre façon.',
    names: { firstName: 'prénom', lastName: 'nom', question: 'votre question' },
  },
  de: {
    delivered: ['Nachricht gesendet', 'Danke! Sie erhalten bald unsere SMS.'],
    received: [
      'Wir haben Ihre Nachricht',
      'Danke! Sie ist sicher bei uns, und wir schreiben Ihnen, sobald wir können.',
    ],
    failed: 'Ihre Nachricht wurde nicht gesendet',
    back: 'Gehen Sie mit der Zurück-Taste Ihres Browsers zurück; Ihre Eingaben sollten noch da sein.',
    phoneMissing: 'Bitte geben Sie Ihre Handynummer ein.',
    phone: 'An diese Nummer können wir nicht schreiben. Bitte prüfen Sie sie und geben Sie eine Handynummer ein.',
    country: 'An Nummern dieses Landes können wir nicht schreiben. Bitte geben Sie eine andere Nummer ein.',
    consent: 'Bitte kreuzen Sie an, dass wir Ihnen schreiben dürfen.',
    field: 'Bitte ändern Sie Ihre Eingabe hier: {field}.',
    wait: 'Zu viele Versuche. Bitte versuchen Sie es in {minutes} Min. wieder.',
    later: 'Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.',
    expired:
      'Das Formular war zu lange offen oder wurde schon gesendet. Bitte laden Sie die Seite neu und senden Sie es noch einmal.',
    broken: 'Das Formular funktioniert gerade nicht. Bitte erreichen Sie uns auf anderem Weg.',
    names: { firstName: 'Vorname', lastName: 'Nachname', question: 'Ihre Frage' },
  },
  ar: {
    delivered: ['تم إرسال الرسالة', 'شكرًا لك! ستصلك رسالتنا النصية قريبًا.'],
    received: ['وصلتنا رسالتك', 'شكرًا لك! رسالتك محفوظة لدينا، وسنراسلك في أقرب وقت ممكن.'],
    failed: 'لم تُرسَل رسالتك',
    back: 'ارجع باستخدام زر الرجوع في المتصفح؛ من المفترض أن يكون ما كتبته لا يزال موجودًا.',
    phoneMissing: 'يُرجى إدخال رقم جوالك.',
    phone: 'لا يمكننا مراسلة هذا الرقم. يُرجى التحقق منه وإدخال رقم جوال.',
    country: 'لا يمكننا مراسلة أرقام هذا البلد. يُرجى إدخال رقم آخر.',
    consent: 'يُرجى تحديد المربع الذي يسمح لنا بمراسلتك.',
    field: 'يُرجى تغيير ما أدخلته هنا: {field}.',
    wait: 'محاولات كثيرة جدًا. يُرجى المحاولة مرة أخرى بعد {minutes} دقيقة.',
    later: 'لم ينجح ذلك الآن. يُرجى المحاولة مرة أخرى بعد قليل.',
    expired: 'بقي النموذج مفتوحًا مدة طويلة أو سبق إرساله. يُرجى إعادة تحميل صفحته وإرساله مرة أخرى.',
    broken: 'النموذج لا يعمل في الوقت الحالي. يُرجى التواصل معنا بطريقة أخرى.',
    names: { firstName: 'الاسم الأول', lastName: 'اسم العائلة', question: 'سؤالك' },
  },
};

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
