// Server-sent events that come back by themselves, also after a refusal.
const AGAIN_MS = 3000;

export function follow(url, handlers, tell = () => {}) {
  let source = null;
  let timer = 0;
  const open = () => {
    // An address that was opened with a password in it must not go on into those of requests.
    source = new EventSource(location.origin + url);
    source.onopen = () => tell('live');
    source.onerror = () => {
      tell('lost');
      if (source.readyState === EventSource.CLOSED) {
        timer = setTimeout(open, AGAIN_MS);
      }
    };
    for (const [name, handler] of Object.entries(handlers)) {
      source.addEventListener(name, event => handler(JSON.parse(event.data)));
    }
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
