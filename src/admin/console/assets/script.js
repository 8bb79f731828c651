// Follows changes while a page is open: the server says when something changed, and the parts of the page that show it are
// replaced. Without this script every page works, and shows what was true when it was loaded.
const PARTS = '[data-live-part]';

/** Replaces the live parts by those of the page as it is now. What has the focus stays. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
  if (!answer.ok || answer.redirected) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [now, next] = [document.querySelectorAll(PARTS), page.querySelectorAll(PARTS)];
  if (now.length !== next.length) return location.reload();
  for (const [at, part] of now.entries()) {
    const fresh = next[at];
    if (part.contains(document.activeElement) || part.innerHTML === fresh.innerHTML) continue;
    part.className = fresh.className;
    part.replaceChildren(...fresh.childNodes);
  }
}

if (document.body.hasAttribute('data-live')) {
  let refreshing = false;
  const events = new EventSource('/console/events');
  events.addEventListener('change', async () => {
    if (refreshing || document.hidden) return;
    refreshing = true;
    try {
      await refresh();
    } catch {
      // The next change tries again.
    } finally {
      refreshing = false;
    }
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresh().catch(() => undefined);
  });
}

// A job tells of no change while it works; its page follows it until it has ended.
const reloadS = Number(document.body.dataset.reloadS);
if (reloadS > 0) {
  const timer = setInterval(async () => {
    await refresh().catch(() => undefined);
    if (!document.querySelector('progress')) clearInterval(timer);
  }, reloadS * 1_000);
}
