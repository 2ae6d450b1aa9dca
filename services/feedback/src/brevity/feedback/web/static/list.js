// The list: new summaries are announced, not pushed in under the reader's eyes; ratings change in place.
import { standing } from "./api.js";
import { key } from "./keys.js";
import { listen, stateIn } from "./live.js";

const place = document.getElementById("live");
const link = place.querySelector("a");
const fresh = new Set();

function announce() {
  link.hidden = fresh.size === 0;
  link.textContent = fresh.size === 1 ? "1 new summary" : `${fresh.size} new summaries`;
}

const row = (id) => document.querySelector(`[data-summary="${CSS.escape(id)}"]`);

async function rated(id) {
  if (!row(id)) return;
  const mark = await standing(id);
  if (mark) row(id)?.querySelector(".standing").replaceWith(mark);
}

listen({
  state: stateIn(place),
  missed: () => {},
  heard: (kind, change) => {
    if (kind === "summary" && change.summary_id && !row(change.summary_id)) {
      fresh.add(change.summary_id);
      announce();
    }
    if (kind === "feedback" && change.summary_id) rated(change.summary_id);
  },
});

const links = [...document.querySelectorAll("#summaries h2 a")];
function move(step) {
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at < 0 && step < 0 ? links.length - 1 : at + step))].focus();
}
key(["j"], () => move(1));
key(["k"], () => move(-1));
key(["/"], () => document.getElementById("text").focus());
key(["n"], () => location.assign("/submit"));
