const RETRY_MS = 2_000;

/**
 * Follows the simulator without end: first its messages, then its events. The browser resumes a broken stream. A stream that the
 * browser gave up is opened again, and each new stream first requests the missed messages, so the page is complete even without streams.
 * @param {{ onMessages: (messages: object[]) => void, onSettled: (settled: object) => void, onRestart: () => void,
 *   onCleared: () => void, onControl: () => void, onState: (state: 'live' | 'waiting') => void }} handlers
 */
export function follow(handlers) {
  let run;
  let last = 0;

  function take(messages) {
    for (const { id } of messages) last = Math.max(last, id);
    handlers.onMessages(messages);
  }

  /** A new run of the simulator counts from 1 again, so the messages on the page are those of the old run. */
  function meet(current) {
    if (run !== undefined && run !== current) {
      last = 0;
      handlers.onRestart();
    }
    run = current;
  }

  async function begin() {
    let kept;
    try {
      const answer = await fetch('/messages');
      kept = await answer.json();
    } catch {
      handlers.onState('waiting');
      setTimeout(begin, RETRY_MS);
      return;
    }
    meet(kept.run);
    take(kept.messages);
    handlers.onControl();
    const source = new EventSource(`/events?since=${last}`);
    const on = (name, handle) => source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    source.addEventListener('open', () => handlers.onState('live'));
    on('hello', ({ run: current }) => {
      if (current === run) return;
      source.close();
      begin();
    });
    on('conversation', (message) => take([message]));
    on('settled', handlers.onSettled);
    on('cleared', handlers.onCleared);
    on('control', handlers.onControl);
    source.addEventListener('error', () => {
      handlers.onState('waiting');
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(begin, RETRY_MS);
    });
  }

  begin();
}
