// Server-sent events of what is new in the store; closed while nobody looks at the page.

const KINDS = ["summary", "document", "outcome", "feedback"];

/** Calls `heard(kind, change)` for each change, `missed()` when some may have been left out, `state(text)` on trouble. */
export function listen({ heard, missed, state }) {
  let source = null;
  let broken = false;
  let last = 0;

  function open() {
    if (source) return;
    source = new EventSource("/v1/events");
    source.addEventListener("open", () => {
      state("live");
      if (broken) missed();
      broken = false;
    });
    source.addEventListener("error", () => {
      broken = true;
      state("waiting");
      if (source.readyState === EventSource.CLOSED) {
        close();
        last = window.setTimeout(open, 5000);
      }
    });
    source.addEventListener("resync", missed);
    for (const kind of KINDS) source.addEventListener(kind, (event) => heard(kind, JSON.parse(event.data)));
  }

  function close() {
    clearTimeout(last);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      broken = true; // what happens meanwhile is not heard
    } else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
}

/** Shows in `place` whether news arrive. */
export function stateIn(place) {
  return (state) => {
    place.dataset.state = state;
    place.title = state === "live" ? "News arrive as they happen" : "Connecting again";
  };
}
