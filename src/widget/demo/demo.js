/** What the gateway tells its demo: the site that the buttons are of, and where the simulator's inbox is. */
const { site, inboxUrl } = await (await fetch('/demo/config.json')).json();

for (const button of document.querySelectorAll('text-us')) if (site) button.site = site;

if (inboxUrl) {
  const frame = document.createElement('iframe');
  frame.title = "The simulated provider's inbox";
  frame.src = inboxUrl;
  document.querySelector('#inbox').append(frame);
  const link = document.createElement('a');
  Object.assign(link, { href: inboxUrl, target: '_blank', rel: 'noreferrer', textContent: 'Open it alone' });
  document.querySelector('#alone').append(link);
} else {
  document.querySelector('#away').hidden = false;
}
