// Talking to this service's REST interface, and telling people what came of it.

/** Calls `address`; throws an Error with words for a person when it is refused. */
export async function call(address, { method = "GET", body, headers = {} } = {}) {
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The service does not answer. What you wrote is still here.");
  }
  if (answer.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new Error("Please sign in again.");
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 429) throw new Error("Too much at once for now. Nothing is lost: wait a moment, then try again.");
  if (!answer.ok) throw new Error(sentences(said.detail, said.remedy) || "This did not work.");
  return said;
}

/** What a program would be told, as a person writes it: each a sentence of its own. */
function sentences(...parts) {
  return parts
    .filter(Boolean)
    .map((part) => `${part[0].toUpperCase()}${part.slice(1)}`.replace(/([^.!?])$/, "$1."))
    .join(" ");
}

/** How a summary is rated now, as the server draws it; null when it cannot be told. */
export async function standing(id) {
  const answer = await fetch(`/summaries/${encodeURIComponent(id)}/standing`).catch(() => null);
  if (!answer?.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".standing");
}

let fading = 0;

/** Says `text` to everybody: shown for some seconds, and read out. */
export function say(text, { wrong = false } = {}) {
  const place = document.getElementById("say");
  place.textContent = text;
  place.classList.toggle("bad", wrong);
  place.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("shown"), wrong ? 8000 : 3500);
}
