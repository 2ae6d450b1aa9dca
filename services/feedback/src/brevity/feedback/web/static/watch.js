// Watching documents on their way: when one of them is heard of, the cards are read anew from the server.
import { say } from "./api.js";
import "./keys.js";
import { listen, stateIn } from "./live.js";

const place = document.getElementById("live");
let reading = false;
let again = false;

const cards = () => document.getElementById("cards");

async function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    do {
      again = false;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) location.reload();
      if (!answer.ok) continue;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const before = Number(cards().dataset.pending);
      cards().replaceWith(document.adoptNode(fresh.getElementById("cards")));
      document.title = fresh.title;
      const left = Number(cards().dataset.pending);
      if (left < before) say(left ? `${left} still on their way.` : "Done.");
    } while (again);
  } catch {
    // the stream says so when the service is away, and asks again when it is back
  } finally {
    reading = false;
  }
}

if (Number(cards().dataset.pending)) {
  const names = new Set(JSON.parse(cards().dataset.documents));
  listen({
    state: stateIn(place),
    missed: refresh,
    heard: (kind, change) => {
      if (kind !== "feedback" && names.has(change.document_id)) refresh();
    },
  });
  // What happened between the page's making and the stream's opening.
  setTimeout(refresh, 1000);
}
